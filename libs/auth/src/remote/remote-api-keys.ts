import { z } from 'zod';
import type { ApiKeyPort } from '../api-keys/key-port.ts';
import type { ServiceKey } from '../service-tokens/assertion.ts';
import { bodyOf, callAuth, reachingAuth } from './auth-http.ts';
import { createServiceTokenSource } from './service-token-source.ts';

const verified = z.object({
  data: z.object({
    keyId: z.string(),
    tenantId: z.string(),
    owner: z.object({ type: z.enum(['user', 'service']), id: z.string() }),
    accessVersion: z.number(),
    scopes: z.array(z.string()),
    expiresAt: z.iso.datetime().transform((text) => Date.parse(text)),
    ipAllow: z.array(z.string()),
    ratePolicy: z.object({ limit: z.number(), periodSeconds: z.number(), burst: z.number() }).optional(),
  }),
});

/** Keys over `POST /internal/v1/api-keys/…`. */
export function remoteApiKeys(base: string, serviceKey: ServiceKey): ApiKeyPort {
  const source = createServiceTokenSource({ base, key: serviceKey });

  async function call(path: string, body: unknown): Promise<Response> {
    const send = (token: string) =>
      callAuth(`${base}/internal/v1/api-keys/${path}`, { headers: { authorization: `Bearer ${token}` }, body });
    const token = await source.tokenFor('idp:auth');
    const response = await send(token);
    if (response.status !== 401) return response;
    await response.body?.cancel();
    return send(await source.tokenFor('idp:auth', { refused: token }));
  }

  return {
    verify: (key) =>
      reachingAuth(async () => {
        const response = await call('verify', key);
        if (response.status === 404) return undefined;
        const { ratePolicy, ...rest } = verified.parse(await bodyOf(response)).data;
        return { ...rest, ...(ratePolicy !== undefined && { ratePolicy }) };
      }),
    report: (uses) =>
      reachingAuth(async () => {
        const told = uses.map((use) => ({ ...use, lastUsedAt: new Date(use.lastUsedAt).toISOString() }));
        const response = await call('uses', { uses: told });
        if (response.status !== 204) throw new Error(`auth answered ${response.status}`);
      }),
  };
}
