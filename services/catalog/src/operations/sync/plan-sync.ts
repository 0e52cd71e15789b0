import { annotations } from '../../domain/model/entity.ts';
import type { ProcessedEntity } from '../../domain/ingestion/process-entity.ts';
import type { DocumentError } from '../../domain/ingestion/document-error.ts';
import { type StatusItem, processingError } from '../../domain/ingestion/entity-document.ts';
import type { DocumentPosition, DocumentRow, DocumentWrite, FileHash } from '../../store/documents.ts';
import type { SourceClaim } from '../../store/source-state.ts';
import type { ClaimRemoval, ClaimUpsert, StatusUpdate } from '../commit/types.ts';
import { isRegistration } from '../registration-claim.ts';
import type { CrawlResult, CrawledFile } from './crawl.ts';

/** A document row to write; `ref` gives its number once the ref has one. */
export interface DocumentRecord extends Omit<DocumentWrite, 'id' | 'no'> {
  ref: string | undefined;
}

/** One piece of work: a document with what it changes. Pieces of one ref stay together. */
export interface SyncItem {
  ref: string;
  upsert?: ClaimUpsert;
  document?: DocumentRecord;
}

export interface SyncPlan {
  items: SyncItem[];
  removals: ClaimRemoval[];
  statuses: StatusUpdate[];
  goneDocuments: DocumentPosition[];
  /** Files whose hash is written when everything else is: until then the next run reads them again. */
  readFiles: FileHash[];
  /** Claims the removals would take from living entities that nothing else of this run describes. */
  wouldDelete: number;
}

interface PlanInput {
  sourceId: string;
  crawled: CrawlResult;
  documents: readonly DocumentRow[];
  claims: readonly SourceClaim[];
}

/** Compares what a source says now with what is stored of it. */
export function planSync(input: PlanInput): SyncPlan {
  const { crawled, documents, claims, sourceId } = input;
  const known = Map.groupBy(documents, (document) => document.path);
  const claimsAt = Map.groupBy(claims, (claim) => claim.locationRef);
  const plan: SyncPlan = { items: [], removals: [], statuses: [], goneDocuments: [], readFiles: [], wouldDelete: 0 };
  const visited = new Set<string>();
  for (const file of crawled.files) {
    visited.add(file.locationRef);
    planFile(file, { plan, sourceId, known: known.get(file.path) ?? [], claims: claimsAt.get(file.locationRef) ?? [] });
  }
  const paths = new Set(crawled.files.map((file) => file.path));
  plan.goneDocuments.push(...documents.filter((document) => !paths.has(document.path)));
  const gone = claims.filter((claim) => !visited.has(claim.locationRef) && !isRegistration(claim.locationRef));
  plan.removals.push(...gone.map(({ ref, locationRef }) => ({ ref, locationRef, sourceId })));
  planTargetErrors(plan, input);
  const described = new Set(plan.items.flatMap(({ upsert }) => (upsert ? [upsert.entity.ref] : [])));
  const removed = new Set(plan.removals.map((removal) => `${removal.ref} ${removal.locationRef}`));
  const lost = claims.filter((claim) => claim.active && removed.has(`${claim.ref} ${claim.locationRef}`));
  const kept = new Set(claims.filter((c) => !removed.has(`${c.ref} ${c.locationRef}`)).map((claim) => claim.ref));
  plan.wouldDelete = lost.filter((claim) => !described.has(claim.ref) && !kept.has(claim.ref)).length;
  plan.items.sort((a, b) => (a.ref < b.ref ? -1 : a.ref > b.ref ? 1 : 0));
  return plan;
}

interface FilePlan {
  plan: SyncPlan;
  sourceId: string;
  known: readonly DocumentRow[];
  claims: readonly SourceClaim[];
}

function planFile(file: CrawledFile, context: FilePlan): void {
  if (file.outcome === 'unchanged') return;
  if (file.outcome === 'unreadable') planUnreadable(file, context);
  else planProcessed(file, context);
}

function planUnreadable(
  file: CrawledFile & { outcome: 'unreadable' },
  { plan, sourceId, known, claims }: FilePlan,
): void {
  const { path, locationRef, error, gone } = file;
  if (error) {
    const record = {
      path,
      index: 0,
      blobHash: '',
      inputHash: '',
      includes: [],
      ref: undefined,
      error: errorColumns(error),
    };
    plan.items.push({ ref: '', document: record });
  }
  if (gone) {
    plan.removals.push(...claims.map(({ ref }) => ({ ref, locationRef, sourceId })));
    plan.goneDocuments.push(...known.filter((document) => !(error && document.index === 0)));
  } else if (error) {
    const items = processingError(error.message);
    plan.statuses.push(...claims.map(({ ref }) => ({ ref, locationRef, sourceId, items })));
  }
}

function planProcessed(
  file: CrawledFile & { outcome: 'processed' },
  { plan, sourceId, known, claims }: FilePlan,
): void {
  const { path, locationRef, blobHash, documents, parentRef } = file;
  const described = new Set<string>();
  const errors: BrokenDocument[] = [];
  // A single document that replaces nothing is complete with its own row.
  const complete = documents.length === 1 && claims.length === 0;
  if (!complete) plan.readFiles.push({ path, blobHash });
  for (const { index, inputHash, includes, outcome } of documents) {
    const record = { path, index, blobHash: complete ? blobHash : '', inputHash, includes };
    const before = known.find((document) => document.index === index);
    if (outcome.ok) {
      const { entity } = outcome;
      described.add(entity.ref);
      const document: DocumentRecord = { ...record, ref: entity.ref, error: null };
      const same = before?.state === 'ok' && before.inputHash === inputHash && before.ref === entity.ref;
      const upsert: ClaimUpsert = {
        entity,
        sourceId,
        locationRef,
        originRef: originOf(entity),
        hash: inputHash,
        parentRef,
      };
      plan.items.push({ ref: entity.ref, document, ...(same ? {} : { upsert }) });
    } else {
      const ref = outcome.ref ?? before?.ref ?? undefined;
      errors.push({ error: outcome.error, ref });
      plan.items.push({ ref: '', document: { ...record, ref, error: errorColumns(outcome.error) } });
    }
  }
  const indexes = new Set(documents.map((document) => document.index));
  plan.goneDocuments.push(...known.filter((document) => !indexes.has(document.index)));
  settleOthers({ plan, sourceId, locationRef, errors, others: claims.filter((claim) => !described.has(claim.ref)) });
}

interface BrokenDocument {
  error: DocumentError;
  ref: string | undefined;
}

/**
 * Claims of a file that its documents no longer describe go, unless a broken document may still mean them: then the
 * last good entity stays and says what is wrong.
 */
function settleOthers(input: {
  plan: SyncPlan;
  sourceId: string;
  locationRef: string;
  errors: readonly BrokenDocument[];
  others: readonly SourceClaim[];
}): void {
  const { plan, sourceId, locationRef, errors, others } = input;
  const unclear = errors.find(({ ref }) => ref === undefined);
  for (const { ref } of others) {
    const broken = errors.find((error) => error.ref === ref) ?? unclear;
    if (broken) plan.statuses.push({ ref, locationRef, sourceId, items: processingError(broken.error.message) });
    else plan.removals.push({ ref, locationRef, sourceId });
  }
}

/** Location entities show the first of their targets that could not be read; what is stored already is left alone. */
function planTargetErrors(plan: SyncPlan, { crawled, claims, sourceId }: PlanInput): void {
  const stored = new Map(claims.map((claim) => [claim.ref, claim]));
  const written = new Map(plan.items.flatMap(({ upsert }) => (upsert ? [[upsert.entity.ref, upsert] as const] : [])));
  for (const [ref, message] of crawled.targetErrors) {
    if (plan.statuses.some((status) => status.ref === ref)) continue;
    const items: StatusItem[] | null = message === undefined ? null : processingError(message);
    const text = items === null ? null : JSON.stringify(items);
    const claim = stored.get(ref);
    const locationRef = written.get(ref)?.locationRef ?? claim?.locationRef;
    if (locationRef === undefined || (!written.has(ref) && claim?.status === text)) continue;
    plan.statuses.push({ ref, locationRef, sourceId, items });
  }
}

function originOf({ entity }: ProcessedEntity): string {
  return entity.metadata.annotations?.[annotations.managedByOriginLocation] ?? '';
}

function errorColumns({ message, reason, position }: DocumentError): DocumentWrite['error'] {
  return { message, reason, line: position?.line ?? null, column: position?.column ?? null };
}
