import type { Tx } from '@idp/database';
import type { CatalogContext } from '../../context.ts';
import type { AllowedKind } from '../../domain/ingestion/allowed-kinds.ts';
import type { Entity } from '../../domain/model/entity.ts';
import type { CatalogTx } from '../../store/catalog-tx.ts';
import { getModelVersion } from '../../store/changes.ts';
import { type DocumentRow, listDocuments } from '../../store/documents.ts';
import { findLocationOfSource } from '../../store/locations.ts';
import { type SourceRow, findSource, recordSync, recordSyncFailure } from '../../store/sources.ts';
import { type SourceClaim, listSourceClaims } from '../../store/source-state.ts';
import { type SyncCounts, applyPlan } from './apply-plan.ts';
import { type CrawlResult, type KnownLocation, crawl, parseValidators } from './crawl.ts';
import { type SyncPlan, planSync } from './plan-sync.ts';
import type { SourceReader } from './source-reader.ts';

export type SyncDeps = Pick<CatalogContext, 'database' | 'validator' | 'config' | 'logger' | 'metrics'>;

/** What one run of a source did. */
export interface SyncReport extends SyncCounts {
  outcome: 'succeeded' | 'held' | 'failed' | 'gone';
  /** Files read, unchanged ones included. */
  files: number;
  /** Documents of changed files that were refused. */
  refused: number;
  error?: string;
}

export const catalogActor = 'service:catalog';
const nothing: SyncCounts = { created: 0, updated: 0, deleted: 0, orphaned: 0, shadowed: 0 };

/** A run may not delete more than this at once, unless a smaller number is all there is. */
const heldAbove = { share: 0.3, entities: 20 };

/** How a run writes: the tenant's own door, or that of a job, which refuses once the job is another's. */
// oxlint-disable-next-line typescript/no-explicit-any -- see CatalogTx
export type SyncWrite = <T>(fn: (tx: Tx<any>) => Promise<T>, options?: { unaudited?: string }) => Promise<T>;

export interface SyncInput {
  tenantId: string;
  sourceId: string;
  reader: SourceReader;
  signal: AbortSignal;
  /** Default: the tenant's door. */
  write?: SyncWrite;
}

/**
 * Brings the catalog in line with what a source says now. Deletes only after a complete listing, and holds a deletion of more than
 * 30 % and more than 20 entities. A source that cannot be listed is a failed run: it changes nothing but the source's state.
 */
export async function syncSource(deps: SyncDeps, input: SyncInput): Promise<SyncReport> {
  const door = deps.database.tenant(input.tenantId);
  const state = await door.read((tx) => readState(tx, input.sourceId));
  if (!state) return { ...nothing, outcome: 'gone', files: 0, refused: 0 };
  let crawled: CrawlResult;
  try {
    crawled = await crawl({ ...input, ...state, validator: deps.validator, ...crawlSettings(state) });
  } catch (err) {
    input.signal.throwIfAborted();
    return fail(deps, input, err);
  }
  const plan = planSync({ sourceId: input.sourceId, crawled, documents: state.documents, claims: state.claims });
  const held = isHeld(plan, state.claims);
  const counts = await applyPlan(held ? withoutRemovals(plan) : plan, {
    door: { write: input.write ?? door.write },
    sourceId: input.sourceId,
    signal: input.signal,
    validator: deps.validator,
    logger: deps.logger,
    actor: catalogActor,
    keepOrphans: deps.config.CATALOG_ORPHAN_GRACE_SECONDS > 0,
  });
  const report: SyncReport = { ...counts, ...countFiles(crawled), outcome: held ? 'held' : 'succeeded' };
  await finish(deps, {
    input,
    source: state.source,
    report,
    held: held ? plan.wouldDelete : 0,
    validators: crawled.validators,
  });
  return report;
}

interface SourceState {
  source: SourceRow;
  documents: DocumentRow[];
  claims: SourceClaim[];
  modelVersion: number;
  /** Location entity of a registered location. */
  rootParentRef: string | undefined;
}

async function readState(tx: CatalogTx, sourceId: string): Promise<SourceState | undefined> {
  const [source, documents, claims, modelVersion, location] = await Promise.all([
    findSource(tx, sourceId),
    listDocuments(tx, sourceId),
    listSourceClaims(tx, sourceId),
    getModelVersion(tx),
    findLocationOfSource(tx, sourceId),
  ]);
  return source && { source, documents, claims, modelVersion, rootParentRef: location?.entityRef };
}

function crawlSettings({ source, claims }: SourceState) {
  const locations = claims.flatMap(({ ref, locationRef, location }): KnownLocation[] => {
    return location === null ? [] : [{ ref, locationRef, entity: JSON.parse(location) as Entity }];
  });
  const allowedKinds = source.allowedKinds === null ? undefined : (JSON.parse(source.allowedKinds) as AllowedKind[]);
  return { locations, allowedKinds, validators: parseValidators(source.lastHead) };
}

function isHeld({ wouldDelete }: SyncPlan, claims: readonly SourceClaim[]): boolean {
  const total = claims.filter((claim) => claim.active).length;
  return wouldDelete > heldAbove.entities && wouldDelete > total * heldAbove.share;
}

/** What is held is seen again by the next run: files that would lose entities are not marked as read. */
function withoutRemovals(plan: SyncPlan): SyncPlan {
  return { ...plan, removals: [], goneDocuments: [], readFiles: [] };
}

function countFiles({ files }: CrawlResult): { files: number; refused: number } {
  const refused = files.reduce((count, file) => {
    if (file.outcome === 'unreadable') return count + (file.error ? 1 : 0);
    return file.outcome === 'processed' ? count + file.documents.filter(({ outcome }) => !outcome.ok).length : count;
  }, 0);
  return { files: files.length, refused };
}

interface Finish {
  input: SyncInput;
  source: SourceRow;
  report: SyncReport;
  held: number;
  validators: Record<string, string>;
}

async function finish(deps: SyncDeps, { input, source, report, held, validators }: Finish): Promise<void> {
  const { created, updated, deleted, orphaned, refused } = report;
  const changed = created + updated + deleted + orphaned > 0 || held !== source.heldDeletes;
  const lastHead = Object.keys(validators).length === 0 ? null : JSON.stringify(validators);
  const write: SyncWrite = input.write ?? deps.database.tenant(input.tenantId).write;
  await write(
    async (tx) => {
      await recordSync(tx, { id: source.id, lastHead, heldDeletes: held, actor: catalogActor });
      if (!changed) return;
      const { outcome, files } = report;
      const after = { name: source.name, outcome, files, created, updated, deleted, orphaned, refused, held };
      tx.audit({ action: 'catalog:source:sync', resourceType: 'source', resourceId: source.id, after });
    },
    changed ? {} : { unaudited: 'a run that found nothing new' },
  );
  deps.metrics.ingested(source.kind, 'created', created);
  deps.metrics.ingested(source.kind, 'updated', updated);
  deps.metrics.ingested(source.kind, 'deleted', deleted);
  deps.metrics.ingested(source.kind, 'refused', refused);
  if (held > 0) deps.metrics.runHeld();
  if (changed)
    deps.logger.info(
      { sourceId: source.id, outcome: report.outcome, created, updated, deleted, refused },
      'source read',
    );
}

async function fail(deps: SyncDeps, { tenantId, sourceId, ...input }: SyncInput, err: unknown): Promise<SyncReport> {
  const write: SyncWrite = input.write ?? deps.database.tenant(tenantId).write;
  const error = err instanceof Error ? err.message : String(err);
  deps.logger.warn({ err, sourceId }, 'source cannot be read');
  await write((tx) => recordSyncFailure(tx, { id: sourceId, error, actor: catalogActor }), {
    unaudited: 'state of a source',
  });
  return { ...nothing, outcome: 'failed', files: 0, refused: 0, error };
}
