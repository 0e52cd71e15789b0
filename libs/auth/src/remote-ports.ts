import type { JWK } from 'jose';
import { z } from 'zod';
import type { PlatformPorts } from './platform-ports.ts';
import { bodyOf, callAuth, reachingAuth } from './remote/auth-http.ts';
import { remoteApiKeys } from './remote/remote-api-keys.ts';
import type { ServiceKey } from './service-tokens/assertion.ts';

const jwksDocument = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

/**
 * Ports over HTTP for a service that runs apart from auth: keys from `GET /.well-known/jwks.json`, API keys asked about with tokens that
 * `serviceKey` is exchanged for. Each call has 2 s; an auth service that fails or answers in another shape is 503 `UNAVAILABLE`. The access
 * snapshot comes by events (`createAccessReplica`).
 */
export function remotePorts({
  authUrl,
  serviceKey,
}: {
  authUrl: string;
  serviceKey: ServiceKey;
}): Pick<PlatformPorts, 'jwks' | 'apiKeys'> {
  const base = authUrl.replace(/\/+$/, '');
  return {
    jwks: {
      keys: () =>
        reachingAuth(async () => {
          const response = await callAuth(`${base}/.well-known/jwks.json`);
          return jwksDocument.parse(await bodyOf(response)).keys as JWK[];
        }),
    },
    apiKeys: remoteApiKeys(base, serviceKey),
  };
}
