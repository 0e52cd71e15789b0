import type { JsonWebKey } from 'node:crypto';
import type { Decision } from '../decision/decide.ts';
import type { DecisionRequest } from '../decision/model.ts';
import type { SealedShard } from '../snapshot/seal-shards.ts';

/** What auth has signed: the exact text, and the Ed25519 (RFC 8032) signature over its UTF-8 bytes as base64url. */
export interface SignedRecord {
  payload: string;
  kid: string;
  signature: string;
}

/** A whole tenant as auth has it now. */
export interface AccessSnapshot {
  /** Its payload is an `AccessHead`. */
  head: SignedRecord;
  shards: readonly SealedShard[];
}

/** The auth service as a replica asks it; every call fails while it cannot be reached. */
export interface AccessAuthority {
  check(request: DecisionRequest): Promise<Decision>;
  /** `unchanged` where the tenant is still at `version`; undefined for a tenant that auth does not know. */
  snapshot(tenantId: string, version: number | undefined): Promise<AccessSnapshot | 'unchanged' | undefined>;
  /** Public keys of use `access`, the retired ones included. */
  verificationKeys(): Promise<readonly JsonWebKey[]>;
}
