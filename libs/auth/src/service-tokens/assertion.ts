import { AuthError } from '@idp/errors';
import { z } from 'zod';
import { decodeJwt, importJWK, jwtVerify, SignJWT, type CryptoKey, type JWK } from 'jose';

/** The private key by which one service proves to auth which one it is. */
export interface ServiceKey {
  service: string;
  kid: string;
  /** Ed25519. */
  privateKey: CryptoKey;
}

/** Seconds an assertion may live. */
const assertionSeconds = 60;
const clockSkewSeconds = 60;
const type = 'client-authentication+jwt';
/** Assertions are for auth and nobody else. */
const audience = 'idp:auth';

/** A JWT (RFC 7523 §3) that says for 60 s which service is asking: `iss = sub = service:<name>`, EdDSA. */
export async function signServiceAssertion(key: ServiceKey, now: Date): Promise<string> {
  const issuedAt = Math.floor(now.getTime() / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: 'EdDSA', kid: key.kid, typ: type })
    .setIssuer(`service:${key.service}`)
    .setSubject(`service:${key.service}`)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + assertionSeconds)
    .sign(key.privateKey);
}

/** Public keys of each service, by its name. */
export type ServiceKeys = ReadonlyMap<string, readonly JWK[]>;

/** The name of the service that signed the assertion; 401 `INVALID_TOKEN` for anything wrong with it. */
export async function verifyServiceAssertion(assertion: string, keys: ServiceKeys, now: Date): Promise<string> {
  try {
    const { payload } = await jwtVerify(
      assertion,
      async (header) => {
        const service = claimedService(assertion);
        const known = keys.get(service)?.find(({ kid }) => kid === header.kid);
        if (known === undefined) throw new Error('no such key of this service');
        return importJWK(known, 'EdDSA');
      },
      {
        algorithms: ['EdDSA'],
        typ: type,
        audience,
        currentDate: now,
        clockTolerance: clockSkewSeconds,
        requiredClaims: ['iss', 'sub', 'iat', 'exp'],
      },
    );
    const { iss, sub, iat = 0, exp = 0 } = payload;
    if (iss !== sub || sub === undefined) throw new Error('issuer and subject differ');
    if (exp - iat > assertionSeconds || iat - clockSkewSeconds > now.getTime() / 1000) throw new Error('lifetime');
    return sub.slice('service:'.length);
  } catch (cause) {
    throw new AuthError('the assertion is not valid', { code: 'INVALID_TOKEN', cause });
  }
}

/** Read before the signature is checked, to find the key that must fit. */
function claimedService(assertion: string): string {
  const { sub } = decodeJwt(assertion);
  if (typeof sub !== 'string' || !/^service:[a-z][a-z0-9-]{0,62}$/.test(sub)) throw new Error('not a service');
  return sub.slice('service:'.length);
}

const privateJwk = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  d: z.string(),
  kid: z.string(),
});

/** The key of a service from the text of a JWK (RFC 8037) that names its `kid`; throws for any other text. */
export async function readServiceKey(service: string, text: string): Promise<ServiceKey> {
  const jwk = privateJwk.parse(JSON.parse(text));
  return { service, kid: jwk.kid, privateKey: (await importJWK(jwk, 'EdDSA')) as CryptoKey };
}
