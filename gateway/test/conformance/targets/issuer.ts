import { webcrypto } from 'node:crypto';
import {
  formatApiKey,
  makeApiKey,
  signAccessToken,
  type ApiKeyPort,
  type JwksSource,
  type SigningKey,
} from '@idp/auth';
import { newId } from '@idp/contracts';
import { UnavailableError } from '@idp/errors';

export const publicUrl = 'http://localhost';

export type Claims = Parameters<typeof signAccessToken>[1];

/** Stands for auth: its keys, and tokens with any claims. */
export interface Issuer extends JwksSource {
  /** A person's token of now, with these claims instead. */
  token(claims?: Partial<Claims>, key?: 'EdDSA' | 'ES256'): Promise<string>;
  /** The person of every token. */
  subject: string;
  tenantId: string;
  /** Id of the good key. */
  keyId: string;
  /** Looks up the keys below. */
  apiKeys: ApiKeyPort;
  /** Text of a key of this person, of one that never was, and of one that cannot be looked up. */
  key(kind?: 'good' | 'unknown' | 'unreachable'): string;
  /** Coordinate `x` of the first key, for forgeries that take a public key as a secret. */
  publicKey: string;
}

const algorithms = {
  EdDSA: { name: 'Ed25519' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
} as const;

export async function createIssuer(): Promise<Issuer> {
  const subject = newId();
  const tenantId = newId();
  const keyId = newId();
  const keys = { EdDSA: await generate('EdDSA'), ES256: await generate('ES256') };
  const jwks = Object.values(keys).map(({ jwk }) => jwk);
  const apiKeys = { good: makeApiKey('key'), unknown: makeApiKey('key'), unreachable: makeApiKey('key') };
  return {
    subject,
    tenantId,
    key: (kind = 'good') => formatApiKey(apiKeys[kind]),
    apiKeys: {
      verify({ kid }) {
        if (kid === apiKeys.unreachable.kid) return Promise.reject(new UnavailableError('auth is away'));
        if (kid !== apiKeys.good.kid) return Promise.resolve(undefined);
        const owner = { type: 'user' as const, id: subject };
        const times = { accessVersion: 0, expiresAt: Date.now() + 3_600_000 };
        return Promise.resolve({ keyId, tenantId, owner, scopes: [], ipAllow: [], ...times });
      },
      report: () => Promise.resolve(),
    },
    keyId,
    publicKey: keys.EdDSA.jwk.x ?? '',
    keys: () => Promise.resolve(jwks),
    token(claims, algorithm = 'EdDSA') {
      const now = Math.floor(Date.now() / 1000);
      const whole: Claims = {
        iss: publicUrl,
        aud: `${publicUrl}/api`,
        sub: subject,
        sty: 'user',
        tid: tenantId,
        sid: newId(),
        jti: newId(),
        iat: now,
        exp: now + 900,
        auth_time: now,
        amr: ['pwd'],
        acr: 'idp:aal1',
        pv: 0,
        ep: 0,
        ...claims,
      };
      return signAccessToken(keys[algorithm].key, whole);
    },
  };
}

async function generate(alg: 'EdDSA' | 'ES256') {
  const uses: webcrypto.KeyUsage[] = ['sign', 'verify'];
  const pair = (await webcrypto.subtle.generateKey(algorithms[alg], true, uses)) as webcrypto.CryptoKeyPair;
  const { kty, crv, x, y } = await webcrypto.subtle.exportKey('jwk', pair.publicKey);
  const jwk = {
    kty: kty ?? '',
    crv: crv ?? '',
    x: x ?? '',
    ...(y === undefined ? {} : { y }),
    kid: alg,
    alg,
    use: 'sig',
  };
  const key: SigningKey = { kid: alg, alg, privateKey: pair.privateKey };
  return { jwk, key };
}
