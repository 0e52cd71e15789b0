import { sql } from 'kysely';
import { withoutTwin } from '../operate/job-rows.ts';
import { lossesMax } from '../state/step-after.ts';
import type { RunKey } from './end-run.ts';
import type { RunStatement } from './statement.ts';

/** Why a run came to no end: its process died, as far as others can see, or lives and says so. */
export const crashedRun = {
  code: 'CRASHED_WORKER',
  message: 'the process that ran it died, or was not heard of for its lease',
};
export const lostRun = {
  code: 'LEASE_LOST',
  message: 'the process that ran it lives, but could not keep its lease',
};

export interface ClearedJob {
  queue: string;
  serialKey: string | null;
  state: string;
}

/**
 * Takes back that the process of a run had died. A job that was given up for it is not dead after all, unless another has its key
 * by now. Undefined where nobody had said so.
 */
export async function clearLostRun(
  run: RunStatement,
  { tenantId, id, fence }: RunKey,
  begun: boolean,
): Promise<ClearedJob | undefined> {
  const [row] = await run<ClearedJob>(sql`
    with lost as (
      select j.tenant_id, j.id, array_remove(j.lost_fences, ${fence}::bigint) as others,
        j.error_code = ${crashedRun.code} and cardinality(j.lost_fences) = 1 as renamed,
        j.state = 'dead' and j.error_code = ${crashedRun.code} and j.losses + 1 < ${lossesMax} and ${withoutTwin} as revived
      from jobs j where j.tenant_id = ${tenantId} and j.id = ${id} and ${fence}::bigint = any (j.lost_fences)
      for no key update)
    update jobs j set lost_fences = l.others, losses = j.losses + 1, crashes = greatest(0, j.crashes - ${begun ? 1 : 0}),
      suspect = j.suspect and cardinality(l.others) > 0,
      error_code = case when l.renamed then ${lostRun.code} else j.error_code end,
      last_error = case when l.renamed then ${lostRun.message} else j.last_error end,
      state = case when not l.revived then j.state when j.serial_key is null then 'ready' else 'waiting' end,
      run_at = case when l.revived then now() else j.run_at end, dead_at = case when not l.revived then j.dead_at end
    from lost l where j.tenant_id = l.tenant_id and j.id = l.id
    returning j.queue, j.serial_key as "serialKey", j.state`);
  return row;
}
