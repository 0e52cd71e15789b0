import { newId } from '@idp/contracts';
import type { CatalogTx } from '../../store/catalog-tx.ts';
import { advanceHead, insertChanges } from '../../store/changes.ts';
import { deleteClaims, listClaimsByNumber, upsertClaims } from '../../store/claims.ts';
import { closeEdges, listEdgesByOrigin, openEdges } from '../../store/edges.ts';
import { listEntitiesByNumber, markEntitiesDeleted, upsertEntities } from '../../store/entities.ts';
import { type RefRow, internRefs, lockRefs, updateRefs } from '../../store/refs.ts';
import { type TermIds, internTerms } from '../../store/term-ids.ts';
import { type CommitPlan, type CommitState, type PlannedChange, planChanges } from './plan-changes.ts';
import { planEdges } from './plan-edges.ts';
import { publishEntityEvents } from './publish-entity-events.ts';
import type { CommitInput, CommitResult } from './types.ts';
import { uidKey, writeTerms } from './write-terms.ts';
import { writeServices } from './write-services.ts';

/**
 * Lays and takes away claims, and brings entities, terms, relations, change stream and events in line with them, all in
 * the transaction at hand. At most a few hundred refs at a time. Locks: numbers, refs in order, head.
 */
export async function commitClaims(tx: CatalogTx, input: CommitInput): Promise<CommitResult> {
  const numbers = await internRefs(tx, namedRefs(input));
  const uids = candidateUids(input, numbers);
  const ids = await internTerms(tx, termsToStore(input, numbers, uids));
  const refs = await lockRefs(tx, describedRefs(input));
  const state = await readState(tx, refs, { numbers, uids });
  const plan = planChanges(input, state, newId);
  await writeClaims(tx, plan, input.actor);
  if (plan.changes.length > 0) await writePlan(tx, { plan, input, ids, numbers });
  return {
    changes: plan.changes.map(({ op, ref, uid, revision }) => ({ op, ref, uid, revision })),
    shadowed: plan.shadowed,
    orphaned: plan.orphaned,
  };
}

async function writePlan(
  tx: CatalogTx,
  { plan, input, ids, numbers }: { plan: CommitPlan; input: CommitInput; ids: TermIds; numbers: Map<string, RefRow> },
): Promise<void> {
  const { changes } = plan;
  const [stored] = await Promise.all([
    listEdgesByOrigin(
      tx,
      changes.filter((change) => change.before).map((change) => change.no),
    ),
    writeEntities(tx, changes, input.actor),
    writeTerms(tx, changes, ids),
    writeServices(tx, changes, input),
  ]);
  const complete = await internTakenOver(tx, changes, numbers);
  await writeChanges(tx, changes, { stored, numbers: complete });
  publishEntityEvents(tx, changes, input);
}

function describedRefs({ upserts, removals = [], statuses = [] }: CommitInput): string[] {
  return [
    ...new Set([...upserts.map((upsert) => upsert.entity.ref), ...[...removals, ...statuses].map(({ ref }) => ref)]),
  ];
}

function namedRefs(input: CommitInput): string[] {
  const targets = input.upserts.flatMap(({ entity, parentRef }) => [
    ...entity.edges.flatMap((edge) => [edge.from, edge.to]),
    ...(parentRef === undefined ? [] : [parentRef]),
  ]);
  return [...describedRefs(input), ...targets];
}

function candidateUids({ upserts }: CommitInput, numbers: ReadonlyMap<string, RefRow>): Map<string, string> {
  const fresh = upserts.map(({ entity }) => entity.ref).filter((ref) => !numbers.get(ref)?.entityId);
  return new Map(fresh.map((ref) => [ref, newId()]));
}

function* termsToStore(input: CommitInput, numbers: ReadonlyMap<string, RefRow>, uids: ReadonlyMap<string, string>) {
  for (const { entity } of input.upserts) {
    yield* entity.terms;
    yield { key: uidKey, original: numbers.get(entity.ref)?.entityId ?? uids.get(entity.ref) };
  }
}

async function readState(
  tx: CatalogTx,
  refs: readonly RefRow[],
  known: Pick<CommitState, 'numbers' | 'uids'>,
): Promise<CommitState> {
  const nos = refs.map((ref) => ref.no);
  const [claims, entities] = await Promise.all([listClaimsByNumber(tx, nos), listEntitiesByNumber(tx, nos)]);
  return { refs, entities, claims: Map.groupBy(claims, (claim) => claim.no), ...known };
}

async function writeClaims(tx: CatalogTx, plan: CommitPlan, actor: string): Promise<void> {
  const deleted = plan.deletedClaims.map((claim) => claim.id);
  await Promise.all([
    deleted.length > 0 ? deleteClaims(tx, deleted) : undefined,
    plan.writtenClaims.length > 0 ? upsertClaims(tx, plan.writtenClaims, actor) : undefined,
  ]);
}

async function writeEntities(tx: CatalogTx, changes: readonly PlannedChange[], actor: string): Promise<void> {
  const written = changes.filter((change) => change.op !== 'deleted').map(entityRow);
  const deleted = changes.filter((change) => change.op === 'deleted');
  await Promise.all([
    updateRefs(
      tx,
      changes.map(({ no, uid, revision }) => ({ no, entityId: uid, revision })),
    ),
    written.length > 0 ? upsertEntities(tx, written, actor) : undefined,
    deleted.length > 0 ? markEntitiesDeleted(tx, deleted, actor) : undefined,
  ]);
}

function entityRow(change: PlannedChange) {
  const { no, uid, document, etag, revision, status, processed, before } = change;
  const metadata = (processed?.entity ?? (JSON.parse(document) as { metadata: { title?: unknown } })).metadata;
  const title = typeof metadata.title === 'string' ? metadata.title.toLowerCase() : null;
  const [kind = '', namespace = '', name = ''] = before
    ? [before.kind, before.namespace, before.name]
    : change.ref.split(/[:/]/);
  return { no, id: uid, kind, namespace, name, title, document, etag, revision, status };
}

/** Relations of a document that takes over name refs which already have numbers: its claim was laid before. */
async function internTakenOver(tx: CatalogTx, changes: readonly PlannedChange[], numbers: Map<string, RefRow>) {
  const refs = changes.flatMap(({ processed }) => (processed?.edges ?? []).flatMap((edge) => [edge.from, edge.to]));
  const missing = refs.filter((ref) => !numbers.has(ref));
  return missing.length === 0 ? numbers : new Map([...numbers, ...(await internRefs(tx, missing))]);
}

async function writeChanges(
  tx: CatalogTx,
  changes: readonly PlannedChange[],
  { stored, numbers }: { stored: Awaited<ReturnType<typeof listEdgesByOrigin>>; numbers: ReadonlyMap<string, RefRow> },
): Promise<void> {
  const nextNo = Math.max(...[...numbers.values()].map((ref) => ref.no)) + 1;
  const first = await advanceHead(tx, changes.length, nextNo);
  const seqs = new Map(changes.map((change, i) => [change.no, first + i]));
  const seqOf = (no: number): number => seqs.get(no) ?? 0;
  const edges = planEdges({ changes, stored, numbers, seqOf });
  await Promise.all([
    edges.closed.length > 0 ? closeEdges(tx, edges.closed) : undefined,
    edges.opened.length > 0 ? openEdges(tx, edges.opened) : undefined,
    insertChanges(
      tx,
      changes.map(({ no, op, revision }) => ({
        seq: seqOf(no),
        no,
        op,
        revision,
        related: edges.related.get(no) ?? [],
      })),
    ),
  ]);
}
