import { readFile } from 'node:fs/promises';
import { signAccessToken, verifyServiceAssertion, type ServiceKeys, type SigningKey } from '@idp/auth';
import { ConfigError } from '@idp/config';
import { newId, platformTenantId } from '@idp/contracts';
import { z } from 'zod';

export interface ServiceTokens {
  /**
   * A token by which one service of the platform calls another, for an assertion made with its key: `aud` names the callee, `tid` the tenant
   * the call is about. 401 `INVALID_TOKEN` for an assertion of nobody.
   */
  exchange(request: {
    assertion: string;
    audience: string;
    tenantId?: string | undefined;
  }): Promise<{ token: string; expiresIn: number }>;
  /** A token by which auth itself calls another service, kept until a minute before its end. */
  own(audience: string): Promise<string>;
}

const lifetimeSeconds = 300;
const renewBeforeMs = 60_000;
const publicKey = z.looseObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), kid: z.string() });
const keyFile = z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), z.array(publicKey).max(10));

/** Public keys of the services: `{ "<service>": [JWK, …] }`; ConfigError for a file of another form. */
export async function readServiceKeys(file: string | undefined): Promise<ServiceKeys> {
  if (file === undefined) return new Map();
  try {
    const keys = keyFile.parse(JSON.parse(await readFile(file, 'utf8')));
    return new Map(
      Object.entries(keys).map(([service, jwks]) => [
        service,
        jwks.map(({ kty, crv, x, kid }) => ({ kty, crv, x, kid })),
      ]),
    );
  } catch {
    const message = 'must name a readable file { "<service>": [public Ed25519 JWK with kid, …] }';
    throw new ConfigError([{ name: 'SERVICE_KEYS_FILE', message }]);
  }
}

export function createServiceTokens(options: {
  publicUrl: string;
  keys: ServiceKeys;
  signingKey: () => Promise<SigningKey>;
  clock: () => Date;
}): ServiceTokens {
  const { publicUrl, keys, signingKey, clock } = options;
  const kept = new Map<string, { token: string; kid: string; renewAt: number }>();

  function sign(key: SigningKey, claims: { service: string; audience: string; tenantId: string; now: Date }) {
    const iat = Math.floor(claims.now.getTime() / 1000);
    return signAccessToken(key, {
      iss: publicUrl,
      aud: claims.audience,
      sub: `service:${claims.service}`,
      sty: 'service',
      tid: claims.tenantId,
      jti: newId(),
      iat,
      exp: iat + lifetimeSeconds,
      auth_time: iat,
      amr: [],
      acr: 'idp:aal1',
      pv: 0,
    });
  }

  return {
    async exchange({ assertion, audience, tenantId = platformTenantId }) {
      const now = clock();
      const service = await verifyServiceAssertion(assertion, keys, now);
      const token = await sign(await signingKey(), { service, audience, tenantId, now });
      return { token, expiresIn: lifetimeSeconds };
    },
    async own(audience) {
      const now = clock();
      const key = await signingKey();
      const known = kept.get(audience);
      // What a key has signed that was revoked meanwhile is refused.
      if (known?.kid === key.kid && now.getTime() < known.renewAt) return known.token;
      const token = await sign(key, { service: 'auth', audience, tenantId: platformTenantId, now });
      kept.set(audience, { token, kid: key.kid, renewAt: now.getTime() + lifetimeSeconds * 1000 - renewBeforeMs });
      return token;
    },
  };
}
