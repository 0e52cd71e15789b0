import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { findSchemas } from './schemas.ts';
import { withConnection } from './sql.ts';
import type { WallOptions } from './wall.ts';

interface BusRecord {
  topic: string;
  part: number;
  key: string;
  headers: string;
  payload: Buffer | null;
}

/** What was put on the bus, to be found again among the dead letters. */
export interface ForgedRecord {
  eventId: string;
  topic: string;
  /** `headers`: only they name B. `headers and key`: only the payload still names A. */
  kind: 'headers' | 'headers and key';
}

/**
 * Item 6: takes one record of tenant A from every topic that somebody reads and puts it on the bus again as if it were B's, once with the
 * key of A and once with that of B. It is written behind the services' back: no role of a service may.
 */
export async function forgeForeignRecords(
  { adminUrl }: WallOptions,
  tenants: { a: string; b: string },
): Promise<ForgedRecord[]> {
  return withConnection(adminUrl, async (client) => {
    const { rows } = await client.query<BusRecord>(
      `select distinct on (r.topic) r.topic, r.part, r.key, r.headers, r.payload
         from bus.records r join bus.group_offsets g on g.topic = r.topic
        where starts_with(r.key, $1) and r.payload is not null order by r.topic, r."offset"`,
      [tenants.a],
    );
    const forged: ForgedRecord[] = [];
    for (const record of rows) {
      for (const kind of ['headers', 'headers and key'] as const) {
        forged.push(await forge(client, record, kind, tenants));
      }
    }
    return forged;
  });
}

async function forge(
  client: pg.Client,
  record: BusRecord,
  kind: ForgedRecord['kind'],
  { a, b }: { a: string; b: string },
): Promise<ForgedRecord> {
  const eventId = randomUUID();
  const headers = { ...(JSON.parse(record.headers) as Record<string, string>), ce_id: eventId, ce_tenantid: b };
  const key = kind === 'headers' ? record.key : record.key.replace(a, b);
  await client.query('begin');
  await client.query(
    `with place as (update bus.partitions set next_offset = next_offset + 1 where topic = $1 and part = $2 returning next_offset - 1 as at)
     insert into bus.records (topic, part, "offset", key, headers, payload) select $1, $2, at, $3, $4, $5 from place`,
    [record.topic, record.part, key, JSON.stringify(headers), record.payload],
  );
  await client.query('commit');
  return { eventId, topic: record.topic, kind };
}

export interface DeadLetter {
  service: string;
  consumer: string;
  eventId: string;
  code: string;
  tenantId: string;
}

/** The dead letters of these events in every schema. */
export async function deadLettersOf(
  { adminUrl, prefix }: WallOptions,
  eventIds: readonly string[],
): Promise<DeadLetter[]> {
  return withConnection(adminUrl, async (client) => {
    const letters: DeadLetter[] = [];
    for (const { service, tables } of await findSchemas(client, prefix)) {
      const table = tables.find((each) => each.name === 'dead_letters');
      if (table === undefined) continue;
      const { rows } = await client.query<Omit<DeadLetter, 'service'>>(
        `select consumer, event_id as "eventId", error_code as code, tenant_id as "tenantId" from ${table.qualified} where event_id = any($1)`,
        [eventIds],
      );
      letters.push(...rows.map((row) => ({ service, ...row })));
    }
    return letters;
  });
}

/** How many groups read a topic: each keeps a dead letter of its own. */
export async function readersOf({ adminUrl }: WallOptions, topics: readonly string[]): Promise<number> {
  return withConnection(adminUrl, async (client) => {
    const { rows } = await client.query<{ count: number }>(
      `select count(distinct ("group", topic))::int as count from bus.group_offsets where topic = any($1)`,
      [topics],
    );
    return rows[0]?.count ?? 0;
  });
}
