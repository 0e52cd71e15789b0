import { z } from 'zod';
import type { Revocation } from '../revocations.ts';

const record = z.intersection(
  /** Milliseconds since the epoch. */
  z.object({ at: z.number(), tenantId: z.string() }),
  z.discriminatedUnion('kind', [
    z.object({ kind: z.enum(['session', 'api-key', 'client', 'kid']), id: z.string() }),
    z.object({ kind: z.literal('user'), id: z.string(), epoch: z.int() }),
    z.object({ kind: z.literal('member'), id: z.string(), version: z.int() }),
    z.object({ kind: z.literal('tenant'), id: z.string(), version: z.int() }),
  ]),
);

/** The payload of `CredentialRevoked`; undefined for what is none, such as a kind of a later release. */
export function readRevocation(payload: string): { revocation: Revocation; at: number } | undefined {
  const parsed = record.safeParse(jsonOf(payload));
  if (!parsed.success) return undefined;
  const { at, tenantId, ...revocation } = parsed.data;
  return { at, revocation: revocation.kind === 'member' ? { ...revocation, tenantId } : revocation };
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
