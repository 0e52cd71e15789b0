import { encodeEvent, newId } from '@idp/contracts';
import { createWakeSignal, type OutgoingRecord } from '../src/index.ts';
import { connect, type Address } from './bench-database.ts';
import type { Probe } from './probe.ts';

export const entityTopic = 'idp.catalog.entity.v1';

export interface RecordInput {
  tenantId: string;
  aggregateId: string;
  version?: number;
  id?: string;
  type?: string;
  /** Tenant written into the payload; default the same. */
  payloadTenantId?: string;
  key?: string;
  headers?: Record<string, string | undefined>;
  value?: Uint8Array | null;
}

/** A record of the entity topic as a producer writes it, or as a broken one would. */
export function entityRecord(input: RecordInput): OutgoingRecord {
  const { tenantId, aggregateId, version } = input;
  const type = input.type ?? 'idp.catalog.v1.EntityUpdated';
  const key = input.key ?? `${tenantId}:${aggregateId}`;
  const headers: Record<string, string | undefined> = {
    'content-type': 'application/protobuf',
    ce_specversion: '1.0',
    ce_id: input.id ?? newId(),
    ce_type: type,
    ce_source: '/idp/catalog',
    ce_time: new Date().toISOString(),
    ce_partitionkey: key,
    ce_tenantid: tenantId,
    ce_sequence: version === undefined ? undefined : String(version).padStart(20, '0'),
    ...input.headers,
  };
  const data = { tenantId: input.payloadTenantId ?? tenantId, uid: aggregateId, revision: BigInt(version ?? 0) };
  const value = input.value === undefined ? encodeEvent('idp.catalog.v1.EntityUpdated', data) : input.value;
  const present = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { topic: entityTopic, key, headers: Object.fromEntries(present), value };
}

/** Appends records as the producing service, past its outbox. */
export async function inject(
  { carrier, producer }: Pick<Probe, 'carrier' | 'producer'>,
  records: readonly OutgoingRecord[],
): Promise<void> {
  const transport = carrier.open(producer, createWakeSignal());
  try {
    for (const [topic, outcome] of await transport.publish(records, new AbortController().signal)) {
      if (outcome.status !== 'ok') throw new Error(`${topic}: ${outcome.reason}`);
    }
  } finally {
    await transport.close();
  }
}

export interface DeadLetterRow {
  tenant_id: string;
  id: string;
  consumer: string;
  type: string | null;
  key: string;
  event_id: string;
  error_code: string;
  payload: Buffer | null;
  payload_bytes: number;
  attempts: number;
}

/** Dead letters of all tenants, as the administrator of the server sees them. */
export async function listDeadLetters({ adminUrl }: Address): Promise<DeadLetterRow[]> {
  await using client = await connect(adminUrl);
  const { rows } = await client.query<DeadLetterRow>('select * from reader.dead_letters order by "offset"');
  return rows;
}

export async function countRows({ adminUrl }: Address, table: string, where = 'true'): Promise<number> {
  await using client = await connect(adminUrl);
  const { rows } = await client.query<{ count: string }>(`select count(*) from ${table} where ${where}`);
  return Number(rows[0]!.count);
}

/** Waiting or dead, all tenants. */
export async function inboxOutcomes({ adminUrl }: Address, tenantId: string): Promise<Record<string, number>> {
  await using client = await connect(adminUrl);
  const { rows } = await client.query<{ outcome: string; count: string }>(
    'select outcome, count(*) from reader.inbox where tenant_id = $1 group by outcome',
    [tenantId],
  );
  return Object.fromEntries(rows.map(({ outcome, count }) => [outcome, Number(count)]));
}
