import { timestampFromDate } from '@idp/contracts';
import { publish } from '@idp/events';
import { changedPaths } from '../../domain/ingestion/entity-document.ts';
import type { Entity, Json } from '../../domain/model/entity.ts';
import { type Edge, relationsOf } from '../../domain/model/relation-fields.ts';
import { findRelationPair } from '../../domain/model/relation-pairs.ts';
import type { CatalogTx } from '../../store/catalog-tx.ts';
import type { PlannedChange } from './plan-changes.ts';
import type { CommitInput } from './types.ts';

/** Above this a message carries the path of the entity instead of its document. */
const documentBytesMax = 200 * 1024;

/** One event per revision. */
export function publishEntityEvents(tx: CatalogTx, changes: readonly PlannedChange[], input: CommitInput): void {
  for (const change of changes) {
    const identity = identityOf(change, input);
    const event = { aggregateId: change.uid, version: change.revision, subject: `entities/${change.uid}` };
    if (change.op === 'deleted') {
      publish(tx, { ...event, type: 'idp.catalog.v1.EntityDeleted', data: identity });
      continue;
    }
    const type = change.op === 'created' ? 'idp.catalog.v1.EntityCreated' : 'idp.catalog.v1.EntityUpdated';
    publish(tx, { ...event, type, data: { ...identity, ...stateOf(change) } });
  }
}

function identityOf(change: PlannedChange, input: CommitInput) {
  const document = change.processed?.entity ?? (JSON.parse(change.document) as Entity);
  return {
    uid: change.uid,
    entityRef: change.ref,
    kind: document.kind,
    namespace: document.metadata.namespace ?? 'default',
    name: document.metadata.name,
    revision: BigInt(change.revision),
    cause: input.cause,
    actor: { principal: input.actor },
    sourceId: input.sourceId ?? '',
    changedAt: timestampFromDate(new Date()),
  };
}

function stateOf(change: PlannedChange) {
  return { ...entityState(change, change.processed?.edges), changedFields: changedFields(change) };
}

/** What a message says of an entity as it stands: its document, or where that is too long its path, and its own relations. */
export function entityState(
  { ref, revision, document }: Pick<PlannedChange, 'ref' | 'revision' | 'document'>,
  edges: readonly Edge[] = relationsOf(JSON.parse(document) as Entity),
) {
  const [kind = '', namespace = '', name = ''] = ref.split(/[:/]/);
  const fits = Buffer.byteLength(document) <= documentBytesMax;
  return {
    ...(fits
      ? { document }
      : { documentPath: `/api/v1/catalog/entities/${kind}/${namespace}/${name}?revision=${revision}` }),
    relations: ownRelations(ref, edges),
  };
}

function ownRelations(ref: string, edges: readonly Edge[]) {
  return edges.flatMap(({ pairId, from, to }) => {
    const pair = findRelationPair(pairId);
    if (!pair) return [];
    return from === ref ? [{ type: pair.forward, targetRef: to }] : [{ type: pair.reverse, targetRef: from }];
  });
}

function changedFields({ op, before, document, status, processed }: PlannedChange): string[] {
  if (op !== 'updated' || !before) return [];
  const paths = processed ? changedPaths(JSON.parse(before.document) as Json, JSON.parse(document) as Json) : [];
  const own = paths.filter((path) => path !== 'metadata.etag');
  return before.status === status ? own : [...own, 'status'];
}
