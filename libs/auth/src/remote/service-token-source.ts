import { z } from 'zod';
import { signServiceAssertion, type ServiceKey } from '../service-tokens/assertion.ts';
import { bodyOf, callAuth } from './auth-http.ts';

const answer = z.object({ data: z.object({ token: z.string(), expiresIn: z.number() }) });
const renewBeforeMs = 60_000;

/**
 * Tokens by which this service calls others: exchanged at `POST /internal/v1/token` for an assertion made with its key, kept until a minute
 * before their end, asked for once by concurrent callers. Fails where auth does.
 */
export function createServiceTokenSource({ base, key }: { base: string; key: ServiceKey }) {
  const tokens = new Map<string, { token: Promise<string>; renewAt: number }>();

  async function exchange(audience: string): Promise<string> {
    const assertion = await signServiceAssertion(key, new Date());
    const response = await callAuth(`${base}/internal/v1/token`, { body: { assertion, audience } });
    const { token, expiresIn } = answer.parse(await bodyOf(response)).data;
    const entry = tokens.get(audience);
    if (entry !== undefined) entry.renewAt = Date.now() + expiresIn * 1000 - renewBeforeMs;
    return token;
  }

  return {
    /** A token that the service named by `idp:<name>` accepts. */
    tokenFor(audience: string): Promise<string> {
      const known = tokens.get(audience);
      if (known !== undefined && Date.now() < known.renewAt) return known.token;
      const token = exchange(audience);
      tokens.set(audience, { token, renewAt: Number.POSITIVE_INFINITY });
      token.catch(() => tokens.delete(audience));
      return token;
    },
  };
}
