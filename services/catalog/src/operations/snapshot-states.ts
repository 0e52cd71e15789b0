import { timestampFromDate } from '@idp/contracts';
import type { PublishInput, SnapshotPage } from '@idp/events';
import type { Entity } from '../domain/model/entity.ts';
import { serviceRecordOf } from '../domain/service-record.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { lockEntities, lockLocations, lockServices } from '../store/snapshot-rows.ts';
import { entityState } from './commit/publish-entity-events.ts';

/** Entities as they stand, for readers that want them again. Named ones that are deleted are said to be. */
export async function entityStates(tx: CatalogTx, page: SnapshotPage): Promise<PublishInput[]> {
  const rows = await lockEntities(tx, page);
  return rows.map(({ id, ref, document, revision, deleted, updatedAt, updatedBy }) => {
    const entity = JSON.parse(document) as Entity;
    const identity = {
      uid: id,
      entityRef: ref,
      kind: entity.kind,
      namespace: entity.metadata.namespace ?? 'default',
      name: entity.metadata.name,
      revision: BigInt(revision),
      cause: 'snapshot',
      actor: { principal: updatedBy },
      changedAt: timestampFromDate(new Date(updatedAt)),
    };
    const event = { aggregateId: id, version: revision, subject: `entities/${id}` };
    if (deleted) return { ...event, type: 'idp.catalog.v1.EntityDeleted', data: identity } as const;
    const state = entityState({ ref, revision, document });
    return { ...event, type: 'idp.catalog.v1.EntityUpdated', data: { ...identity, ...state } } as const;
  });
}

/** Registered services as they stand. */
export async function serviceStates(tx: CatalogTx, page: SnapshotPage): Promise<PublishInput[]> {
  const rows = await lockServices(tx, page);
  return rows.flatMap(({ id, document, ownerTeamId, version, updatedAt }) => {
    const record = serviceRecordOf(JSON.parse(document) as Entity);
    if (record === undefined) return [];
    const changedAt = timestampFromDate(new Date(updatedAt));
    const data = { ...record, serviceId: id, ownerTeamId: ownerTeamId ?? '', changedAt };
    return [{ type: 'idp.catalog.v1.ServiceUpdated', aggregateId: id, version, data } as const];
  });
}

/** Registered locations as they stand. */
export async function locationStates(tx: CatalogTx, page: SnapshotPage): Promise<PublishInput[]> {
  const rows = await lockLocations(tx, page);
  return rows.map(({ id, type, target, entityRef, sourceId, version, createdAt }) => ({
    type: 'idp.catalog.v1.LocationRegistered',
    aggregateId: id,
    version,
    data: { locationId: id, type, target, entityRef, sourceId, registeredAt: timestampFromDate(new Date(createdAt)) },
  }));
}
