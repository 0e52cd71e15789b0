import { createHash } from 'node:crypto';
import { UnavailableError } from '@idp/errors';
import type { JWK } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { AccessReader } from './access.ts';
import type { JwksSource } from './key-set.ts';
import type { Principal } from './principal.ts';
import { heldRoles, type SystemRole } from './roles.ts';

/** What verifying and deciding need from the auth service, in this process or over HTTP. */
export interface PlatformPorts {
  jwks: JwksSource;
  access: AccessReader;
}

const timeoutMs = 2_000;
const rolesFreshMs = 5_000;
const answerBytesMax = 256 * 1024;

const jwksDocument = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });
const meAnswer = z.object({ data: z.object({ roles: z.array(z.string()) }) });

/**
 * Ports over HTTP for a service that runs apart from auth: keys from `GET /.well-known/jwks.json`, roles from
 * `GET /api/v1/auth/me` with the principal's own token, remembered for 5 s per token and fetched once for concurrent
 * callers. Each call has 2 s. An auth service that fails or answers in another shape is 503 `UNAVAILABLE`; one that
 * refuses the token answers no roles.
 */
export function remotePorts({ authUrl }: { authUrl: string }): PlatformPorts {
  const base = authUrl.replace(/\/+$/, '');
  const roles = new LRUCache<string, Promise<readonly SystemRole[]>>({ max: 10_000, ttl: rolesFreshMs });

  async function fetchRoles({ tenantId, token }: Principal): Promise<readonly SystemRole[]> {
    const response = await request(`${base}/api/v1/auth/me`, { authorization: `Bearer ${token}` });
    if (response.status === 401) return [];
    return heldRoles(tenantId, meAnswer.parse(await bodyOf(response)).data.roles);
  }

  return {
    jwks: {
      keys: () =>
        reachingAuth(async () => {
          const response = await request(`${base}/.well-known/jwks.json`, {});
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
  };
}

async function request(url: string, headers: Record<string, string>): Promise<Response> {
  return fetch(url, {
    headers: { accept: 'application/json', ...headers },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
}

async function bodyOf(response: Response): Promise<unknown> {
  if (response.status !== 200) throw new Error(`auth answered ${response.status}`);
  const text = await response.text();
  if (text.length > answerBytesMax) throw new Error('auth answered more than 256 KiB');
  return JSON.parse(text);
}

async function reachingAuth<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new UnavailableError('the auth service cannot be reached', { cause });
  }
}
