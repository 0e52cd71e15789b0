import { createPublicKey, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto';

/** The end of a tenant's chain at a time. `lastHash` is hexadecimal, `at` ISO 8601 in UTC with milliseconds. */
export interface Checkpoint {
  at: string;
  fromSeq: number;
  lastHash: string;
  tenantId: string;
  toSeq: number;
}

export interface SignedCheckpoint {
  checkpoint: Checkpoint;
  kid: string;
  /** Ed25519 (RFC 8032) over `checkpointText`, base64url. */
  signature: string;
}

/** Key that signs checkpoints. */
export interface CheckpointSigner {
  kid: string;
  privateKey: KeyObject;
}

/** Public keys by key id, of use `audit`. */
export type CheckpointKeys = ReadonlyMap<string, KeyObject>;

/** Canonical JSON (RFC 8785) of a checkpoint: what is signed. */
export function checkpointText({ at, fromSeq, lastHash, tenantId, toSeq }: Checkpoint): string {
  return JSON.stringify({ at, fromSeq, lastHash, tenantId, toSeq });
}

export function signCheckpoint(checkpoint: Checkpoint, { kid, privateKey }: CheckpointSigner): SignedCheckpoint {
  const signature = sign(null, Buffer.from(checkpointText(checkpoint)), privateKey).toString('base64url');
  return { checkpoint, kid, signature };
}

/** False for an unknown key, and for anything that is no checkpoint, as well. */
export function isSigned({ checkpoint, kid, signature }: SignedCheckpoint, keys: CheckpointKeys): boolean {
  const key = keys.get(kid);
  if (key === undefined || typeof checkpoint !== 'object' || typeof signature !== 'string') return false;
  return verify(null, Buffer.from(checkpointText(checkpoint)), key, Buffer.from(signature, 'base64url'));
}

/** Public keys in the form of RFC 7517, by key id. Throws for one that is none. */
export function readKeys(keys: readonly JsonWebKey[]): CheckpointKeys {
  return new Map(keys.map((key): [string, KeyObject] => [String(key['kid']), createPublicKey({ key, format: 'jwk' })]));
}
