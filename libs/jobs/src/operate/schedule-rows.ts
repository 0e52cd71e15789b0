import { sql } from 'kysely';
import type { RunStatement } from '../store/statement.ts';

/** A schedule as its operators see it; of all tenants, where it has a row for each. */
export interface ScheduleRow {
  name: string;
  nextAt: string;
  lastAt: string | null;
  paused: boolean;
  tenants: number;
}

/** Schedules by name, of one tenant or of all. */
export function listScheduleRows(
  run: RunStatement,
  names: readonly string[],
  tenantId: string | undefined,
): Promise<ScheduleRow[]> {
  return run<ScheduleRow>(sql`
    select name, min(next_at) as "nextAt", max(last_at) as "lastAt", bool_and(paused) as paused, count(*) as tenants
    from schedules where name = any (${names}) and (${tenantId ?? null}::uuid is null or tenant_id = ${tenantId ?? null})
    group by name order by name`);
}

/** Ids of the tenants that have a row. */
export async function tenantsOfSchedule(
  run: RunStatement,
  name: string,
  tenantId: string | undefined,
): Promise<string[]> {
  const rows = await run<{ id: string }>(sql`
    select tenant_id as id from schedules
    where name = ${name} and (${tenantId ?? null}::uuid is null or tenant_id = ${tenantId ?? null})`);
  return rows.map(({ id }) => id);
}

/** Holds or lets go; what passed while it was held is not made up for. */
export async function setSchedulePaused(
  run: RunStatement,
  { name, tenantId, paused, nextAt }: { name: string; tenantId: string | undefined; paused: boolean; nextAt: Date },
): Promise<void> {
  await run(sql`
    update schedules set paused = ${paused}, next_at = case when paused and not ${paused} then ${nextAt}::timestamptz else next_at end
    where name = ${name} and (${tenantId ?? null}::uuid is null or tenant_id = ${tenantId ?? null})`);
}
