import { sql } from 'kysely';
import type { RunStatement } from './statement.ts';

/** Jobs that run, could run, or are due; at most 1. */
export async function countMoving(run: RunStatement, queues: readonly string[]): Promise<number> {
  const rows = await run(sql`
    select 1 from jobs where queue = any (${queues})
      and (state in ('ready', 'running', 'waiting') or (state = 'scheduled' and run_at <= now())) limit 1`);
  return rows.length;
}
