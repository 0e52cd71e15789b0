import type { AccessAuthority } from '@idp/auth';
import type { ServiceAnswer, ServiceClient } from '@idp/clients';
import { UpstreamError } from '@idp/errors';
import { z } from 'zod';

const reasons = [
  'allowed',
  'foreign-tenant',
  'suspended',
  'unknown-principal',
  'denied',
  'not-granted',
  'outside-scope',
  'acting-service',
] as const;
const decision = z.object({
  data: z.object({ allowed: z.boolean(), reason: z.enum(reasons), version: z.int() }),
});
const snapshot = z.object({
  data: z.object({
    head: z.object({ payload: z.string(), kid: z.string(), signature: z.string() }),
    shards: z.array(z.object({ name: z.string(), version: z.int(), text: z.string() })),
  }),
});
const keySet = z.object({ keys: z.array(z.looseObject({ kid: z.string(), kty: z.string(), use: z.string() })) });

/** A tenant of 500,000 grants is a third of it. */
const snapshotBytesMax = 256 * 1024 * 1024;
const snapshotMs = 10_000;

/** The auth service over `/internal/v1`, asked with tokens of this service. */
export function remoteAuthority(client: ServiceClient): AccessAuthority {
  return {
    async check(request) {
      const call = { method: 'POST', path: '/internal/v1/authz/check', body: request, isIdempotent: true } as const;
      return read(decision, await client.call(call)).data;
    },
    async snapshot(tenantId, version) {
      const answer = await client.call({
        method: 'GET',
        path: `/internal/v1/access/${tenantId}`,
        headers: version === undefined ? {} : { 'if-none-match': `"${version}"` },
        timeoutMs: snapshotMs,
        bytesMax: snapshotBytesMax,
      });
      if (answer.status === 304) return 'unchanged';
      return answer.status === 404 ? undefined : read(snapshot, answer).data;
    },
    async verificationKeys() {
      const answer = await client.call({ method: 'GET', path: '/internal/v1/verification-keys' });
      return read(keySet, answer).keys.filter(({ use }) => use === 'access');
    },
  };
}

function read<T>(shape: z.ZodType<T>, { status, body }: ServiceAnswer): T {
  const parsed = status === 200 ? shape.safeParse(body) : undefined;
  if (parsed?.success === true) return parsed.data;
  throw new UpstreamError(`auth answered ${status} in another form`, { cause: parsed?.error });
}
