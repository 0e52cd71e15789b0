import { formatDocument } from '../../domain/ingestion/entity-document.ts';
import { type ProcessedEntity, processEntity } from '../../domain/ingestion/process-entity.ts';
import { type Claim, type ClaimResolution, resolveClaims } from '../../domain/ingestion/resolve-claims.ts';
import type { Json } from '../../domain/model/entity.ts';
import { parseLocationRef } from '../../domain/model/location-ref.ts';
import type { StoredEntity } from '../../store/entities.ts';
import type { RefRow } from '../../store/refs.ts';
import type { ClaimUpsert, CommitInput } from './types.ts';

/** What is stored about the refs of one commit, read under their locks. */
export interface CommitState {
  refs: readonly RefRow[];
  claims: ReadonlyMap<number, readonly Claim[]>;
  entities: ReadonlyMap<number, StoredEntity>;
  /** Number of every ref named in the commit. */
  numbers: ReadonlyMap<string, RefRow>;
  /** uid for refs that have none yet. */
  uids: ReadonlyMap<string, string>;
}

/** A revision to be written: `processed` is missing where only the status changes or the entity goes. */
export interface PlannedChange {
  op: 'created' | 'updated' | 'deleted';
  no: number;
  ref: string;
  uid: string;
  revision: number;
  before: StoredEntity | undefined;
  processed: ProcessedEntity | undefined;
  document: string;
  etag: string;
  status: string | null;
}

export interface CommitPlan {
  deletedClaims: Claim[];
  writtenClaims: Claim[];
  changes: PlannedChange[];
  shadowed: string[];
  orphaned: string[];
}

export function planChanges(input: CommitInput, state: CommitState, newId: () => string): CommitPlan {
  const plan: CommitPlan = { deletedClaims: [], writtenClaims: [], changes: [], shadowed: [], orphaned: [] };
  const upsertsOfRef = Map.groupBy(input.upserts, (upsert) => upsert.entity.ref);
  for (const ref of state.refs) {
    const upserts = upsertsOfRef.get(ref.ref) ?? [];
    const current = state.claims.get(ref.no) ?? [];
    const removed = (input.removals ?? []).filter((removal) => removal.ref === ref.ref);
    const laid = upserts.map((upsert) => newClaim(upsert, ref.no, state));
    const resolution = resolveClaims({ current, laid, removed, keepOrphan: input.keepOrphans, newId });
    plan.deletedClaims.push(...resolution.deleted);
    plan.writtenClaims.push(...resolution.written);
    if (resolution.orphaned) plan.orphaned.push(ref.ref);
    const { active } = resolution;
    if (active && upserts.some((upsert) => !isPlace(active, upsert))) plan.shadowed.push(ref.ref);
    const change = planChange({ ref, upserts, resolution, input, state });
    if (change) plan.changes.push(change);
  }
  return plan;
}

function newClaim(upsert: ClaimUpsert, no: number, state: CommitState): Omit<Claim, 'id' | 'state'> {
  const { sourceId, locationRef, originRef, hash, entity, parentRef } = upsert;
  const parentNo = parentRef === undefined ? null : (state.numbers.get(parentRef)?.no ?? null);
  return { no, sourceId, locationRef, originRef, hash, raw: entity.raw, parentNo };
}

function isPlace(claim: Claim, place: { sourceId: string; locationRef: string }): boolean {
  return claim.sourceId === place.sourceId && claim.locationRef === place.locationRef;
}

interface PlanInput {
  ref: RefRow;
  upserts: readonly ClaimUpsert[];
  resolution: ClaimResolution;
  input: CommitInput;
  state: CommitState;
}

function planChange({ ref, upserts, resolution, input, state }: PlanInput): PlannedChange | undefined {
  const before = state.entities.get(ref.no);
  const alive = before !== undefined && !before.deleted;
  const uid = ref.entityId ?? state.uids.get(ref.ref) ?? '';
  const identity = { no: ref.no, ref: ref.ref, uid, revision: ref.lastRevision + 1, before };
  const { active, orphaned } = resolution;
  if (!active) {
    if (orphaned || !alive) return undefined;
    return {
      ...identity,
      op: 'deleted',
      processed: undefined,
      document: before.document,
      etag: before.etag,
      status: null,
    };
  }
  const status = statusOf(active, input, ref.ref, alive ? before.status : null, resolution.activeChanged);
  const processed = alive && !resolution.activeChanged ? undefined : processedOf(active, upserts, input);
  if (!processed || (alive && processed.etag === before.etag)) {
    if (!before || status === before.status) return undefined;
    return { ...identity, op: 'updated', processed: undefined, document: before.document, etag: before.etag, status };
  }
  const document = formatDocument(processed.entity, uid, processed.etag);
  return { ...identity, op: alive ? 'updated' : 'created', processed, document, etag: processed.etag, status };
}

/** The document at hand where it is the active claim's, else the claim's raw text once more. */
function processedOf(active: Claim, upserts: readonly ClaimUpsert[], input: CommitInput): ProcessedEntity {
  const upsert = upserts.find((candidate) => isPlace(active, candidate));
  if (upsert) return upsert.entity;
  return processEntity(JSON.parse(active.raw) as Json, {
    validator: input.validator,
    location: parseLocationRef(active.locationRef),
    origin: parseLocationRef(active.originRef),
  });
}

/** New content clears what was wrong with the old, unless something is wrong with the new as well. */
function statusOf(
  active: Claim,
  input: CommitInput,
  ref: string,
  before: string | null,
  changed: boolean,
): string | null {
  const update = input.statuses?.find((status) => status.ref === ref && isPlace(active, status));
  if (!update) return changed || input.upserts.some((u) => u.entity.ref === ref && isPlace(active, u)) ? null : before;
  return update.items === null || update.items.length === 0 ? null : JSON.stringify(update.items);
}
