import { sql, type RawBuilder, type SelectQueryBuilder } from 'kysely';
import { paginate, type CursorBinding, type Page, type Tx } from '@idp/database';
import type { RunStatement } from '../store/statement.ts';
import { leaseQueue } from '../store/lease.ts';

export type JobState = 'waiting' | 'scheduled' | 'ready' | 'running' | 'dead';

/** A job as its operators see it. */
export interface JobSummary {
  id: string;
  queue: string;
  state: JobState;
  priority: number;
  run_at: string;
  attempts: number;
  crashes: number;
  dedup_key: string | null;
  serial_key: string | null;
  progress: unknown;
  error_code: string | null;
  last_error: string | null;
  created_at: string;
  cancel_requested_at: string | null;
  dead_at: string | null;
}

export interface JobDetail extends JobSummary {
  payload: unknown;
}

export interface JobFilter {
  queue?: string | undefined;
  state?: JobState | undefined;
}

/** A transaction that reads rows of jobs, whatever tables its service has. */
// oxlint-disable-next-line typescript/no-explicit-any
export type JobTx = Pick<Tx<any>, 'db' | 'cursors' | 'tenantId'>;

interface Tables {
  jobs: JobDetail & { tenant_id: string };
}

const summary = [
  'id',
  'queue',
  'state',
  'priority',
  'run_at',
  'attempts',
  'crashes',
  'dedup_key',
  'serial_key',
  'progress',
  'error_code',
  'last_error',
  'created_at',
  'cancel_requested_at',
  'dead_at',
] as const;

/** Jobs of the transaction's tenant, the newest first. */
export async function listJobs(
  tx: JobTx,
  { queue, state }: JobFilter,
  { limit, cursor, binding }: { limit: number; cursor: string | undefined; binding: CursorBinding },
): Promise<Page<JobSummary>> {
  let query: SelectQueryBuilder<Tables, 'jobs', JobSummary> = (tx as Tx<Tables>).db
    .selectFrom('jobs')
    .select(summary)
    .where('tenant_id', '=', tx.tenantId)
    .where('queue', '<>', leaseQueue);
  if (queue !== undefined) query = query.where('queue', '=', queue);
  if (state !== undefined) query = query.where('state', '=', state);
  return paginate(tx as Tx<Tables>, query, { sort: [{ column: 'id' }], direction: 'desc', limit, cursor, binding });
}

export function findJob(tx: JobTx, id: string): Promise<JobDetail | undefined> {
  return (tx as Tx<Tables>).db
    .selectFrom('jobs')
    .select([...summary, 'payload'])
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .where('queue', '<>', leaseQueue)
    .executeTakeFirst();
}

/** What a dead job becomes. One with a serial key waits for its turn: it may have been taken over. */
const revived = sql`
  state = case when serial_key is null then 'ready' else 'waiting' end, run_at = now(), attempts = 0, crashes = 0,
  lost_fences = '{}', losses = 0, suspect = false, dead_at = null`;

/** A twin that was enqueued since has the key; there is one job of a key. */
export const withoutTwin = sql`(j.dedup_key is null or not exists (
  select from jobs t where t.tenant_id = j.tenant_id and t.queue = j.queue and t.dedup_key = j.dedup_key and t.state <> 'dead'))`;

export interface Revived {
  queue: string;
  serialKey: string | null;
}

export async function reviveJob(run: RunStatement, tenantId: string, id: string): Promise<Revived | undefined> {
  const [row] = await run<Revived>(sql`
    update jobs j set ${revived} where tenant_id = ${tenantId} and id = ${id} and state = 'dead' and ${withoutTwin}
    returning queue, serial_key as "serialKey"`);
  return row;
}

export interface ReviveFilter {
  queue: string;
  errorCode?: string | undefined;
  /** Absent for all tenants. */
  tenantId: string | undefined;
}

function matching({ queue, errorCode, tenantId }: ReviveFilter): RawBuilder<unknown> {
  return sql`j.state = 'dead' and j.queue = ${queue}
    and (${errorCode ?? null}::text is null or j.error_code = ${errorCode ?? null})
    and (${tenantId ?? null}::uuid is null or j.tenant_id = ${tenantId ?? null}) and ${withoutTwin}`;
}

export async function countDead(run: RunStatement, filter: ReviveFilter): Promise<number> {
  const [row] = await run<{ n: number }>(sql`select count(*) as n from jobs j where ${matching(filter)}`);
  return row!.n;
}

/** Makes up to `limit` dead jobs ready, the oldest first. Returns how many. */
export async function reviveMany(run: RunStatement, filter: ReviveFilter, limit: number): Promise<number> {
  const rows = await run<{ id: string }>(sql`
    with chosen as (
      select distinct on (j.tenant_id, coalesce(j.dedup_key, j.id::text)) j.tenant_id, j.id, j.dead_at
      from jobs j where ${matching(filter)}
    ), locked as (
      select j.tenant_id, j.id from jobs j join (select * from chosen order by dead_at, id limit ${limit}) c
        on j.tenant_id = c.tenant_id and j.id = c.id
      where j.state = 'dead' for update of j skip locked)
    update jobs j set ${revived} from locked l where j.tenant_id = l.tenant_id and j.id = l.id returning j.id`);
  return rows.length;
}

/** Deletes a dead job; false where there is none. */
export async function discardJob(run: RunStatement, tenantId: string, id: string): Promise<boolean> {
  const rows = await run(
    sql`delete from jobs where tenant_id = ${tenantId} and id = ${id} and state = 'dead' returning id`,
  );
  return rows.length > 0;
}
