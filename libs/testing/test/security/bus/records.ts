import { newId } from '@idp/contracts';
import pg from 'pg';
import type { Platform } from '../platform.ts';

/** A record as it lies on the bus in PostgreSQL. */
export interface BusRecord {
  topic: string;
  part: number;
  offset: number;
  key: string;
  headers: Record<string, string>;
  value: Buffer | null;
}

interface Row extends Omit<BusRecord, 'headers' | 'offset'> {
  headers: string;
  offset: string;
}

/** Records of a topic, of one tenant where given, in the order they were written to their partitions. */
export async function readRecords(platform: Platform, topic: string, tenantId?: string): Promise<BusRecord[]> {
  const { rows } = (await platform.sql(
    `select topic, part, "offset", key, headers, payload as value from bus.records
     where topic = $1 and ($2::text is null or headers::json ->> 'ce_tenantid' = $2) order by part, "offset"`,
    [topic, tenantId ?? null],
  )) as { rows: Row[] };
  return rows.map((row) => ({
    ...row,
    offset: Number(row.offset),
    headers: JSON.parse(row.headers) as Record<string, string>,
  }));
}

/** Takes records off the bus: whoever has not read them will not. */
export async function loseRecords(platform: Platform, records: readonly BusRecord[]): Promise<void> {
  await platform.sql(
    `delete from bus.records r using unnest($1::text[], $2::int[], $3::bigint[]) as lost (topic, part, "offset")
     where r.topic = lost.topic and r.part = lost.part and r."offset" = lost."offset"`,
    [records.map(({ topic }) => topic), records.map(({ part }) => part), records.map(({ offset }) => offset)],
  );
}

/** What is put on the bus anew. */
export type NewRecord = Omit<BusRecord, 'offset'>;

/** Writes records past every producer, as the login of the service that owns their topic. */
export async function plantRecords(platform: Platform, records: readonly NewRecord[]): Promise<void> {
  for (const [topic, own] of Map.groupBy(records, (record) => record.topic)) {
    const { app } = platform.database.urlsFor(topic.split('.')[1]!);
    const client = new pg.Client({ connectionString: app });
    await client.connect();
    try {
      await client.query('select bus.append($1, $2, $3, $4, $5)', [
        topic,
        own.map(({ part }) => part),
        own.map(({ key }) => key),
        own.map(({ headers }) => JSON.stringify(headers)),
        own.map(({ value }) => value),
      ]);
    } finally {
      await client.end();
    }
  }
}

/** The same again under an id of its own, with changes. */
export function imitate(record: BusRecord, changes: Partial<NewRecord> = {}): NewRecord {
  const { offset: _offset, ...copy } = record;
  const headers = { ...copy.headers, ...changes.headers, ce_id: newId() };
  return { ...copy, ...changes, headers };
}
