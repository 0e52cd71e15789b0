import type { ProcessedEntity } from '../../domain/ingestion/process-entity.ts';
import type { StatusItem } from '../../domain/ingestion/entity-document.ts';
import type { ClaimPlace } from '../../domain/ingestion/resolve-claims.ts';
import type { ProcessContext } from '../../domain/ingestion/process-entity.ts';

/** Why an entity changes; carried by its events. */
export type Cause = 'api' | 'ingestion' | 'claim' | 'orphan';

/** A processed document that lays a claim on its ref. */
export interface ClaimUpsert extends ClaimPlace {
  entity: ProcessedEntity;
  originRef: string;
  /** Hash of the document's input. */
  hash: string;
  /** Ref of the Location entity that led to the document. */
  parentRef?: string | undefined;
}

export interface ClaimRemoval extends ClaimPlace {
  ref: string;
}

/** What is to be shown at the entity while this claim is its active one; null clears it. */
export interface StatusUpdate extends ClaimPlace {
  ref: string;
  items: readonly StatusItem[] | null;
}

export interface CommitInput {
  upserts: readonly ClaimUpsert[];
  removals?: readonly ClaimRemoval[];
  statuses?: readonly StatusUpdate[];
  cause: Cause;
  /** `user:<id>` or `service:catalog`. */
  actor: string;
  sourceId?: string;
  /** The last claim of an entity stays as an orphan for its grace time instead of going at once. */
  keepOrphans: boolean;
  /** Processes the raw document of a claim that takes over. */
  validator: ProcessContext['validator'];
}

/** One revision of an entity. */
export interface EntityChange {
  op: 'created' | 'updated' | 'deleted';
  ref: string;
  uid: string;
  revision: number;
}

export interface CommitResult {
  changes: EntityChange[];
  /** Refs whose claim is shadowed by another source's. */
  shadowed: string[];
  orphaned: string[];
}
