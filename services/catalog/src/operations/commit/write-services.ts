import { timestampFromDate } from '@idp/contracts';
import { publish } from '@idp/events';
import type { Entity } from '../../domain/model/entity.ts';
import { type ServiceRecord, digestOf, serviceRecordOf } from '../../domain/service-record.ts';
import type { CatalogTx } from '../../store/catalog-tx.ts';
import {
  type ServiceRow,
  type ServiceWrite,
  listServicesByNumber,
  listTeamsOfGroups,
  markServicesDeleted,
  upsertServices,
} from '../../store/services.ts';
import type { PlannedChange } from './plan-changes.ts';
import type { CommitInput } from './types.ts';

interface Candidate {
  change: PlannedChange;
  record: ServiceRecord;
}

/** Keeps the service registry in step: every Component is a service, whatever describes it. */
export async function writeServices(
  tx: CatalogTx,
  changes: readonly PlannedChange[],
  input: CommitInput,
): Promise<void> {
  const candidates = changes.flatMap((change): Candidate[] => {
    const record = change.processed ? serviceRecordOf(change.processed.entity) : undefined;
    return record ? [{ change, record }] : [];
  });
  const gone = changes.filter((change) => change.op === 'deleted' && change.before?.kind === 'component');
  if (gone.length > 0)
    await markServicesDeleted(
      tx,
      gone.map((change) => change.no),
      input.actor,
    );
  if (candidates.length === 0) return;
  const [rows, teams] = await Promise.all([
    listServicesByNumber(
      tx,
      candidates.map(({ change }) => change.no),
    ),
    listTeamsOfGroups(tx, [...new Set(candidates.map(({ record }) => record.ownerRef).filter((ref) => ref !== ''))]),
  ]);
  const writes: ServiceWrite[] = [];
  for (const candidate of candidates) {
    const { change, record } = candidate;
    const ownerTeamId = teams.get(record.ownerRef);
    const write = nextRow(candidate, rows.get(change.no), ownerTeamId);
    if (!write) continue;
    writes.push(write);
    publishService(tx, { change, record, ownerTeamId, known: rows.get(change.no), version: write.version });
  }
  if (writes.length > 0) await upsertServices(tx, writes, input.actor);
}

function nextRow(
  { change, record }: Candidate,
  known: ServiceRow | undefined,
  ownerTeamId: string | undefined,
): ServiceWrite | undefined {
  const digest = digestOf(record, ownerTeamId);
  if (known && !known.deleted && known.digest === digest) return undefined;
  return {
    id: change.uid,
    no: change.no,
    name: record.name,
    description: record.description || null,
    repositoryUrl: record.repositoryUrl || null,
    ownerTeamId: ownerTeamId ?? null,
    digest,
    version: (known?.version ?? 0) + 1,
  };
}

interface ServiceEvent extends Candidate {
  ownerTeamId: string | undefined;
  known: ServiceRow | undefined;
  version: number;
}

function publishService(tx: CatalogTx, { change, record, ownerTeamId, known, version }: ServiceEvent): void {
  const registered = !known || known.deleted;
  publish(tx, {
    type: registered ? 'idp.catalog.v1.ServiceRegistered' : 'idp.catalog.v1.ServiceUpdated',
    aggregateId: change.uid,
    version,
    data: {
      ...record,
      serviceId: change.uid,
      ownerTeamId: ownerTeamId ?? '',
      changedFields: registered ? [] : changedFields(change, record),
      changedAt: timestampFromDate(new Date()),
    },
  });
}

function changedFields(change: PlannedChange, record: ServiceRecord): string[] {
  const before = change.before && serviceRecordOf(JSON.parse(change.before.document) as Entity);
  if (!before) return [];
  return Object.entries(record).flatMap(([field, value]) => {
    return JSON.stringify(before[field as keyof ServiceRecord]) === JSON.stringify(value) ? [] : [field];
  });
}
