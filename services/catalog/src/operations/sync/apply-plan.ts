import { newId } from '@idp/contracts';
import type { Door } from '@idp/database';
import type { Logger } from '@idp/telemetry';
import type { EntityValidator } from '../../domain/model/validate-entity.ts';
import { deleteDocuments, markFilesRead, upsertDocuments } from '../../store/documents.ts';
import { findRefs } from '../../store/refs.ts';
import type { CatalogTx } from '../../store/catalog-tx.ts';
import { commitClaims } from '../commit/commit-claims.ts';
import type { CommitInput, CommitResult } from '../commit/types.ts';
import { tellPlanner } from '../tell-planner.ts';
import type { DocumentRecord, SyncItem, SyncPlan } from './plan-sync.ts';

/** Documents in one transaction. */
const batchSize = 250;

export interface SyncCounts {
  created: number;
  updated: number;
  deleted: number;
  orphaned: number;
  shadowed: number;
}

export interface ApplyContext {
  // oxlint-disable-next-line typescript/no-explicit-any -- see CatalogTx
  door: Pick<Door<any>, 'write'>;
  validator: EntityValidator;
  sourceId: string;
  actor: string;
  keepOrphans: boolean;
  signal: AbortSignal;
  logger: Pick<Logger, 'warn'>;
}

/** Batches after which the tables have grown so much that the planner has to know. */
const statisticsAfter = [4, 16, 64, 256];

const unaudited = 'audited as one run at its end';

/**
 * Writes a plan in batches, refs in order; each is complete by itself, so a run that dies is taken up by the next one. Removals come
 * after what is described anew, so a move has no gap; only then are changed files marked as read.
 */
export async function applyPlan(plan: SyncPlan, context: ApplyContext): Promise<SyncCounts> {
  const counts: SyncCounts = { created: 0, updated: 0, deleted: 0, orphaned: 0, shadowed: 0 };
  let batch = 0;
  for (const items of chunks(plan.items)) {
    await writeItems(items, plan, context, counts);
    if (statisticsAfter.includes(++batch)) await tellPlanner(context.door, context.logger);
  }
  await writeRemovals(plan, context, counts);
  for (const positions of chunks(plan.goneDocuments)) {
    await context.door.write((tx) => deleteDocuments(tx, context.sourceId, positions), { unaudited });
  }
  if (plan.readFiles.length > 0) {
    await context.door.write((tx) => markFilesRead(tx, context.sourceId, plan.readFiles), { unaudited });
  }
  if (batch >= (statisticsAfter[0] ?? 0)) await tellPlanner(context.door, context.logger);
  return counts;
}

function commitInput({ actor, sourceId, keepOrphans, validator }: ApplyContext): Omit<CommitInput, 'upserts'> {
  return { cause: 'ingestion', actor, sourceId, keepOrphans, validator };
}

async function writeItems(
  items: readonly SyncItem[],
  plan: SyncPlan,
  context: ApplyContext,
  counts: SyncCounts,
): Promise<void> {
  context.signal.throwIfAborted();
  const upserts = items.flatMap(({ upsert }) => upsert ?? []);
  const documents = items.flatMap(({ document }) => document ?? []);
  const refs = new Set(upserts.map(({ entity }) => entity.ref));
  const statuses = plan.statuses.filter((status) => refs.has(status.ref));
  const write = async (tx: CatalogTx): Promise<CommitResult | undefined> => {
    const input = { ...commitInput(context), upserts, statuses };
    const result = upserts.length > 0 ? await commitClaims(tx, input) : undefined;
    await writeDocuments(tx, context.sourceId, documents);
    return result;
  };
  addCounts(counts, await context.door.write(write, { unaudited }));
}

async function writeRemovals(plan: SyncPlan, context: ApplyContext, counts: SyncCounts): Promise<void> {
  const written = new Set(plan.items.flatMap(({ upsert }) => (upsert ? [upsert.entity.ref] : [])));
  const rest = [
    ...plan.removals.map((removal) => ({ ref: removal.ref, removal, status: undefined })),
    ...plan.statuses
      .filter(({ ref }) => !written.has(ref))
      .map((status) => ({ ref: status.ref, removal: undefined, status })),
  ].toSorted((a, b) => (a.ref < b.ref ? -1 : 1));
  for (const part of chunks(rest)) {
    context.signal.throwIfAborted();
    const removals = part.flatMap(({ removal }) => removal ?? []);
    const statuses = part.flatMap(({ status }) => status ?? []);
    const input = { ...commitInput(context), upserts: [], removals, statuses };
    addCounts(counts, await context.door.write((tx) => commitClaims(tx, input), { unaudited }));
  }
}

async function writeDocuments(tx: CatalogTx, sourceId: string, documents: readonly DocumentRecord[]): Promise<void> {
  if (documents.length === 0) return;
  const refs = await findRefs(tx, [...new Set(documents.flatMap(({ ref }) => ref ?? []))]);
  const rows = documents.map(({ ref, ...document }) => {
    return { ...document, id: newId(), no: ref === undefined ? null : (refs.get(ref)?.no ?? null) };
  });
  await upsertDocuments(tx, sourceId, rows);
}

function addCounts(counts: SyncCounts, result: CommitResult | undefined): void {
  for (const { op } of result?.changes ?? []) counts[op]++;
  counts.orphaned += result?.orphaned.length ?? 0;
  counts.shadowed += result?.shadowed.length ?? 0;
}

function* chunks<T>(items: readonly T[]): Generator<T[]> {
  for (let i = 0; i < items.length; i += batchSize) yield items.slice(i, i + batchSize);
}
