import { CompactSign, type CryptoKey } from 'jose';
import { accessClaims, type AccessClaims } from './claims.ts';

export interface SigningKey {
  kid: string;
  alg: 'EdDSA' | 'ES256';
  privateKey: CryptoKey;
}

const encoder = new TextEncoder();

/**
 * The compact JWS of an access token, exactly as `createTokenVerifier` reads it. Claims that the verifier would refuse
 * by type throw a ZodError: they are a bug of the caller.
 */
export async function signAccessToken(key: SigningKey, claims: AccessClaims): Promise<string> {
  const payload = encoder.encode(JSON.stringify(accessClaims.parse(claims)));
  return new CompactSign(payload)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt' })
    .sign(key.privateKey);
}
