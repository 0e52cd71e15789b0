import { createHash } from 'node:crypto';
import type { JWK } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { PlatformPorts } from './platform-ports.ts';
import type { Principal } from './principal.ts';
import { bodyOf, callAuth, reachingAuth } from './remote/auth-http.ts';
import { remoteApiKeys } from './remote/remote-api-keys.ts';
import { heldRoles, type SystemRole } from './roles.ts';
import type { ServiceKey } from './service-tokens/assertion.ts';

const rolesFreshMs = 5_000;

const jwksDocument = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });
const meAnswer = z.object({ data: z.object({ roles: z.array(z.string()) }) });

/**
 * Ports over HTTP for a service that runs apart from auth: keys from `GET /.well-known/jwks.json`, roles from
 * `GET /api/v1/auth/me` with the principal's own token, remembered for 5 s per token and fetched once for concurrent
 * callers. Each call has 2 s. An auth service that fails or answers in another shape is 503 `UNAVAILABLE`; one that
 * refuses the token answers no roles. API keys are asked about with tokens that `serviceKey` is exchanged for.
 */
export function remotePorts({ authUrl, serviceKey }: { authUrl: string; serviceKey?: ServiceKey }): PlatformPorts {
  const base = authUrl.replace(/\/+$/, '');
  const roles = new LRUCache<string, Promise<readonly SystemRole[]>>({ max: 10_000, ttl: rolesFreshMs });

  async function fetchRoles({ tenantId, token, keyId }: Principal): Promise<readonly SystemRole[]> {
    // A key may be a service account's, who is no person with a profile.
    const path = keyId === undefined ? 'me' : 'whoami';
    const response = await callAuth(`${base}/api/v1/auth/${path}`, { headers: { authorization: `Bearer ${token}` } });
    if (response.status === 401) return [];
    return heldRoles(tenantId, meAnswer.parse(await bodyOf(response)).data.roles);
  }

  return {
    jwks: {
      keys: () =>
        reachingAuth(async () => {
          const response = await callAuth(`${base}/.well-known/jwks.json`);
          return jwksDocument.parse(await bodyOf(response)).keys as JWK[];
        }),
    },
    access: {
      rolesOf(principal) {
        const digest = createHash('sha256').update(principal.token).digest('base64url');
        const known = roles.get(digest);
        if (known !== undefined) return known;
        const loading = reachingAuth(() => fetchRoles(principal));
        roles.set(digest, loading);
        loading.catch(() => roles.delete(digest));
        return loading;
      },
    },
    apiKeys: remoteApiKeys(base, serviceKey),
  };
}
