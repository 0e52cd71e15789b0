import { isGenuine, signText, type TextSigner, type VerificationKeys } from '@idp/auth';

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

/** Canonical JSON (RFC 8785) of a checkpoint: what is signed. */
export function checkpointText({ at, fromSeq, lastHash, tenantId, toSeq }: Checkpoint): string {
  return JSON.stringify({ at, fromSeq, lastHash, tenantId, toSeq });
}

export function signCheckpoint(checkpoint: Checkpoint, signer: TextSigner): SignedCheckpoint {
  const { kid, signature } = signText(checkpointText(checkpoint), signer);
  return { checkpoint, kid, signature };
}

/** False for an unknown key, and for anything that is no checkpoint, as well. */
export function isSigned({ checkpoint, kid, signature }: SignedCheckpoint, keys: VerificationKeys): boolean {
  if (typeof checkpoint !== 'object' || typeof signature !== 'string') return false;
  return isGenuine({ payload: checkpointText(checkpoint), kid, signature }, keys);
}
