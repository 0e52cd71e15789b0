import { createPublicKey, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto';

/** A text and who vouches for it. */
export interface SignedText {
  payload: string;
  kid: string;
  /** Ed25519 (RFC 8032) over the payload's UTF-8 bytes, base64url. */
  signature: string;
}

export interface TextSigner {
  kid: string;
  /** Ed25519. */
  privateKey: KeyObject;
}

/** Public keys by key id. */
export type VerificationKeys = ReadonlyMap<string, KeyObject>;

export function signText(payload: string, { kid, privateKey }: TextSigner): SignedText {
  return { payload, kid, signature: sign(null, Buffer.from(payload), privateKey).toString('base64url') };
}

/** False for an unknown key as well. */
export function isGenuine({ payload, kid, signature }: SignedText, keys: VerificationKeys): boolean {
  const key = keys.get(kid);
  return key !== undefined && verify(null, Buffer.from(payload), key, Buffer.from(signature, 'base64url'));
}

/** Public keys in the form of RFC 7517, by key id. Throws for one that is none. */
export function readVerificationKeys(keys: readonly JsonWebKey[]): VerificationKeys {
  return new Map(keys.map((key): [string, KeyObject] => [String(key['kid']), createPublicKey({ key, format: 'jwk' })]));
}
