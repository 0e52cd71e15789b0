import { sql } from 'kysely';
import type { Origin } from '../enqueue/origin.ts';
import type { RunRow } from './end-run.ts';
import type { RunStatement } from './statement.ts';

/** A job taken by this process. */
export interface ClaimedJob extends RunRow {
  payload: unknown;
  attempts: number;
  origin: Origin | null;
  cancelled: boolean;
  /** It was there when a process died. */
  suspect: boolean;
  /** The row says that the run began: the death of its process is counted. */
  begun: boolean;
  /** Due until claimed, in seconds. */
  waitedSeconds: number;
}

/** What one process wants of one queue. */
export interface ClaimWish {
  queue: string;
  limit: number;
  /** How many of them begin at once; the others are claimed ahead. */
  free: number;
  /** The tenant served last; the walk goes on behind it. */
  after: string;
  leaseSeconds: number;
  tenantConcurrency?: number | undefined;
}

export interface ClaimAnswer {
  jobs: ClaimedJob[];
  /** By queue: where the next walk begins. */
  after: Map<string, string>;
}

type Row = { [K in keyof ClaimedJob]: ClaimedJob[K] | null } & {
  wish: string;
  no: number | null;
  walked: string | null;
};

/**
 * Takes due jobs of several queues: walks the tenants that have some, from the one served last and around, and takes the same
 * share of each by priority. One index scan per tenant visited, whatever lies in the queue (data.md §2.12).
 */
export async function claimJobs(
  run: RunStatement,
  { service, owner, wishes }: { service: string; owner: string; wishes: readonly ClaimWish[] },
): Promise<ClaimAnswer> {
  // Who counts the running jobs of a tenant must be alone with it; only queues with such a limit pay for that.
  const counted = wishes.filter(({ tenantConcurrency }) => tenantConcurrency !== undefined);
  for (const { queue } of counted.toSorted((a, b) => (a.queue < b.queue ? -1 : 1))) {
    await run(sql`select pg_advisory_xact_lock(hashtextextended(${`idp jobs ${service} ${queue}`}, 0))`);
  }
  const rows = await run<Row>(claimStatement(owner, wishes));
  const after = new Map<string, string>();
  const served = new Map<string, number>();
  const jobs: ClaimedJob[] = [];
  for (const { wish, no, walked, ...job } of rows) {
    if (job.id === null) {
      if (walked !== null) after.set(wish, walked);
      continue;
    }
    jobs.push(job as ClaimedJob);
    if (no! < (served.get(wish) ?? 0)) continue;
    served.set(wish, no!);
    after.set(wish, job.tenantId!);
  }
  return { jobs, after };
}

const lastTenant = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

function claimStatement(owner: string, wishes: readonly ClaimWish[]) {
  // Bounds of the index alone: a filter would read to the end of the queue where nothing is left to walk.
  const due = (tenant: ReturnType<typeof sql>) => sql`
    select j.tenant_id from jobs j where j.queue = w.queue and j.state = 'ready' and ${tenant} order by j.tenant_id limit 1`;
  return sql<Row>`
    with recursive wanted as (
      select * from unnest(${wishes.map((wish) => wish.queue)}::text[], ${wishes.map((wish) => wish.limit)}::int[],
        ${wishes.map((wish) => wish.after)}::uuid[], ${wishes.map((wish) => wish.leaseSeconds)}::float8[],
        ${wishes.map((wish) => wish.tenantConcurrency ?? null)}::int[], ${wishes.map((wish) => wish.free)}::int[])
        as w (queue, n, after, lease_seconds, tenant_max, free)
    ), walk (queue, tenant_id, wrapped, no) as (
      select w.queue, t.tenant_id, t.wrapped, 1 from wanted w cross join lateral (
        select a.tenant_id, false as wrapped from (${due(sql`j.tenant_id > w.after`)}) a
        union all select b.tenant_id, true from (${due(sql`j.tenant_id <= w.after`)}) b
        limit 1) t
      union all
      select k.queue, t.tenant_id, t.wrapped, k.no + 1 from walk k join wanted w on w.queue = k.queue cross join lateral (
        select a.tenant_id, k.wrapped from
          (${due(sql`j.tenant_id > k.tenant_id and j.tenant_id <= case when k.wrapped then w.after else ${lastTenant}::uuid end`)}) a
        union all select b.tenant_id, true from (${due(sql`not k.wrapped and j.tenant_id <= w.after`)}) b
        limit 1) t
      where k.no < w.n
    ), share as (
      select queue, count(*)::int as tenants, (array_agg(tenant_id order by no desc))[1] as walked from walk group by queue
    ), picked as (
      select w.queue, p.*, row_number() over (partition by w.queue order by p.no) <= w.free as begins from wanted w join share s on s.queue = w.queue cross join lateral (
        select j.tenant_id, j.id, k.no from walk k cross join lateral (
          select r.tenant_id, r.id from jobs r
          where r.queue = w.queue and r.tenant_id = k.tenant_id and r.state = 'ready'
          order by r.priority, r.run_at, r.id
          limit case when w.tenant_max is null then (w.n + s.tenants - 1) / s.tenants else
            greatest(0, least((w.n + s.tenants - 1) / s.tenants, w.tenant_max - (
              select count(*) from jobs o where o.queue = w.queue and o.tenant_id = k.tenant_id and o.state = 'running')))
            end
          for update skip locked) j
        where k.queue = w.queue order by k.no limit w.n) p
    ), taken as (
      update jobs j set state = 'running', fence = j.fence + 1, begun = p.begins and not j.suspect, lease_owner = ${owner},
        lease_until = now() + w.lease_seconds * interval '1 second'
      from picked p join wanted w on w.queue = p.queue
      where j.tenant_id = p.tenant_id and j.id = p.id
      returning j.tenant_id, j.id, j.queue, j.fence, j.serial_key, j.payload, j.attempts, j.origin, j.cancel_requested_at,
        j.suspect, j.begun, j.run_at, p.no)
    select w.queue as wish, s.walked, t.no, t.tenant_id as "tenantId", t.id, t.queue, t.fence, t.serial_key as "serialKey",
      t.payload, t.attempts, t.origin, t.cancel_requested_at is not null as cancelled, t.suspect, t.begun,
      extract(epoch from now() - t.run_at)::float8 as "waitedSeconds"
    from wanted w left join share s on s.queue = w.queue left join taken t on t.queue = w.queue
    order by t.no, t.id`;
}
