import { z } from 'zod';
import { signServiceAssertion, type ServiceKey } from '../service-tokens/assertion.ts';
import { bodyOf, callAuth } from './auth-http.ts';

const answer = z.object({ data: z.object({ token: z.string(), expiresIn: z.number() }) });
const renewBeforeMs = 60_000;

/**
 * Tokens by which this service calls others: exchanged at `POST /internal/v1/token` for an assertion made with its key, kept until a minute
 * before their end, asked for once by concurrent callers. Fails where auth does.
 */
export function createServiceTokenSource({
  base,
  key,
  clock = () => new Date(),
}: {
  base: string;
  key: ServiceKey;
  clock?: () => Date;
}) {
  const tokens = new Map<string, { token: Promise<string>; renewAt: number }>();

  async function exchange(audience: string): Promise<string> {
    const assertion = await signServiceAssertion(key, clock());
    const response = await callAuth(`${base}/internal/v1/token`, { body: { assertion, audience } });
    const { token, expiresIn } = answer.parse(await bodyOf(response)).data;
    const entry = tokens.get(audience);
    if (entry !== undefined) entry.renewAt = clock().getTime() + expiresIn * 1000 - renewBeforeMs;
    return token;
  }

  async function tokenFor(audience: string, { refused }: { refused?: string } = {}): Promise<string> {
    const known = tokens.get(audience);
    if (known !== undefined && clock().getTime() < known.renewAt) {
      const token = await known.token;
      if (token !== refused) return token;
      // Others were refused with the same one: the first of them asks for the next.
      if (tokens.get(audience) !== known) return tokenFor(audience);
    }
    const token = exchange(audience);
    tokens.set(audience, { token, renewAt: Number.POSITIVE_INFINITY });
    token.catch(() => tokens.delete(audience));
    return token;
  }

  return {
    /** A token that the service named by `idp:<name>` accepts; another one than it has just `refused`, e.g. because its key was revoked. */
    tokenFor,
  };
}
