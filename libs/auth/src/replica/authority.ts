import type { JsonWebKey } from 'node:crypto';
import type { Decision } from '../decision/decide.ts';
import type { DecisionRequest } from '../decision/model.ts';
import type { SealedShard } from '../snapshot/seal-shards.ts';
import type { SignedText } from '../snapshot/signed.ts';

/** A whole tenant as auth has it now. */
export interface AccessSnapshot {
  head: SignedText;
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
