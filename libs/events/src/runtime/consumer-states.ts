import { sql, type Kysely } from 'kysely';

export async function setPaused(db: Kysely<never>, consumer: string, paused: boolean, actor: string): Promise<void> {
  await sql`
    insert into consumer_states (consumer, paused, changed_by) values (${consumer}, ${paused}, ${actor})
    on conflict (consumer) do update set paused = excluded.paused, changed_by = excluded.changed_by, changed_at = now()`.execute(
    db,
  );
}

export async function listPaused(db: Kysely<never>): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ consumer: string }>`select consumer from consumer_states where paused`.execute(db);
  return new Set(rows.map((row) => row.consumer));
}

export interface Backlog {
  consumer: string;
  parked: number;
  oldestParkedSeconds: number;
  dead: number;
}

/** Parked events and open dead letters of all tenants, per consumer. */
export async function listBacklogs(db: Kysely<never>, consumers: readonly string[]): Promise<Backlog[]> {
  const { rows } = await sql<Backlog>`
    select c as consumer,
      (select count(*) from parked_events p where p.consumer = c) as parked,
      (select coalesce(extract(epoch from now() - min(p.first_failed_at)), 0)::float8 from parked_events p where p.consumer = c)
        as "oldestParkedSeconds",
      (select count(*) from dead_letters d where d.consumer = c and d.status = 'open') as dead
    from unnest(${consumers}::text[]) c`.execute(db);
  return rows;
}
