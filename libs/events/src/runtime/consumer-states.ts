import { sql, type Kysely } from 'kysely';

export async function setPaused(db: Kysely<never>, consumer: string, paused: boolean, actor: string): Promise<void> {
  await sql`
    insert into consumer_states (consumer, paused, changed_by) values (${consumer}, ${paused}, ${actor})
    on conflict (consumer) do update set paused = excluded.paused, changed_by = excluded.changed_by, changed_at = now()`.execute(
    db,
  );
}

export async function setRebuilding(
  db: Kysely<never>,
  consumer: string,
  rebuilding: boolean,
  actor: string,
): Promise<void> {
  await sql`
    insert into consumer_states (consumer, rebuilding, changed_by) values (${consumer}, ${rebuilding}, ${actor})
    on conflict (consumer) do update set rebuilding = excluded.rebuilding, changed_by = excluded.changed_by, changed_at = now()`.execute(
    db,
  );
}

export async function listPaused(db: Kysely<never>): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ consumer: string }>`select consumer from consumer_states where paused`.execute(db);
  return new Set(rows.map((row) => row.consumer));
}

export async function listRebuilding(db: Kysely<never>): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ consumer: string }>`select consumer from consumer_states where rebuilding`.execute(db);
  return new Set(rows.map((row) => row.consumer));
}

export interface Backlog {
  consumer: string;
  parked: number;
  oldestParkedSeconds: number;
  dead: number;
}

/** Parked events and open dead letters per consumer, of all tenants or of one. */
export async function listBacklogs(
  db: Kysely<never>,
  consumers: readonly string[],
  tenantId: string | null = null,
): Promise<Backlog[]> {
  const inTenant = (table: string) =>
    tenantId === null ? sql`true` : sql`${sql.ref(`${table}.tenant_id`)} = ${tenantId}`;
  const { rows } = await sql<Backlog>`
    select c as consumer,
      (select count(*) from parked_events p where p.consumer = c and ${inTenant('p')}) as parked,
      (select coalesce(extract(epoch from now() - min(p.first_failed_at)), 0)::float8
        from parked_events p where p.consumer = c and ${inTenant('p')}) as "oldestParkedSeconds",
      (select count(*) from dead_letters d where d.consumer = c and d.status = 'open' and ${inTenant('d')}) as dead
    from unnest(${consumers}::text[]) c`.execute(db);
  return rows;
}

/** Partitions at whose head the process of a consumer died more than once. */
export async function listSuspects(db: Kysely<never>): Promise<{ consumer: string; topic: string; part: number }[]> {
  const { rows } = await sql<{ consumer: string; topic: string; part: number }>`
    select consumer, topic, part from partition_starts where starts > 1`.execute(db);
  return rows;
}

/** Tenants whose events consumers of this service have dealt with; one step through the index for each. */
export async function listConsumingTenants(db: Kysely<never>): Promise<string[]> {
  const step = (table: 'inbox' | 'stream_cursors') => sql`
    (with recursive t (id) as (
      (select tenant_id from ${sql.ref(table)} order by tenant_id limit 1)
      union all
      select (select n.tenant_id from ${sql.ref(table)} n where n.tenant_id > t.id order by n.tenant_id limit 1)
      from t where t.id is not null)
    select id from t where id is not null)`;
  const { rows } = await sql<{ id: string }>`${step('inbox')} union ${step('stream_cursors')} order by id`.execute(db);
  return rows.map(({ id }) => id);
}
