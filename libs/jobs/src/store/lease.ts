import { sql } from 'kysely';
import { newId } from '@idp/contracts';
import type { RunKey } from './end-run.ts';
import type { RunStatement } from './statement.ts';

/** Rows of leases that are no jobs; no queue can have this name. */
export const leaseQueue = '$lease';

export interface HeldRun extends RunKey {
  leaseSeconds: number;
}

export interface BeatAnswer {
  id: string;
  fence: number;
  cancelled: boolean;
}

/** Extends leases in one statement. A row that its own finishing transaction holds is passed over. */
export async function extendLeases(run: RunStatement, runs: readonly HeldRun[]): Promise<BeatAnswer[]> {
  return run<BeatAnswer>(sql`
    with held as (
      select j.tenant_id, j.id, d.lease_seconds from jobs j
      join unnest(${runs.map((held) => held.tenantId)}::uuid[], ${runs.map((held) => held.id)}::uuid[],
        ${runs.map((held) => held.fence)}::bigint[], ${runs.map((held) => held.leaseSeconds)}::float8[])
        as d (tenant_id, id, fence, lease_seconds)
        on j.tenant_id = d.tenant_id and j.id = d.id and j.fence = d.fence
      where j.state = 'running' for no key update of j skip locked)
    update jobs j set lease_until = now() + h.lease_seconds * interval '1 second'
    from held h where j.tenant_id = h.tenant_id and j.id = h.id
    returning j.id, j.fence, j.cancel_requested_at is not null as cancelled`);
}

/** Of these runs, those that still own their job. Reads without waiting for anyone. */
export function listOwned(run: RunStatement, runs: readonly RunKey[]): Promise<Pick<RunKey, 'id' | 'fence'>[]> {
  return run(sql`
    select j.id, j.fence from jobs j
    join unnest(${runs.map((key) => key.tenantId)}::uuid[], ${runs.map((key) => key.id)}::uuid[],
      ${runs.map((key) => key.fence)}::bigint[]) as d (tenant_id, id, fence)
      on j.tenant_id = d.tenant_id and j.id = d.id and j.fence = d.fence
    where j.state = 'running'`);
}

export interface LeaseRequest {
  tenantId: string;
  name: string;
  owner: string;
  leaseSeconds: number;
  graceMs: number;
}

/** Takes a lease that nobody holds, or whose holder was not heard of for its length; undefined otherwise. */
export async function takeLease(run: RunStatement, request: LeaseRequest): Promise<RunKey | undefined> {
  const { tenantId, name, owner, leaseSeconds, graceMs } = request;
  const [row] = await run<RunKey>(sql`
    insert into jobs as j (tenant_id, id, queue, state, dedup_key, payload, fence, lease_owner, lease_until)
    values (${tenantId}, ${newId()}, ${leaseQueue}, 'running', ${name}, 'null', 1, ${owner},
      now() + ${leaseSeconds} * interval '1 second')
    on conflict (tenant_id, queue, dedup_key) where dedup_key is not null and state <> 'dead'
    do update set fence = j.fence + 1, lease_owner = excluded.lease_owner, lease_until = excluded.lease_until
      where j.lease_until < now() - ${graceMs} * interval '1 millisecond'
    returning j.tenant_id as "tenantId", j.id, j.fence`);
  return row;
}

export async function dropLease(run: RunStatement, { tenantId, id, fence }: RunKey): Promise<void> {
  await run(sql`delete from jobs where tenant_id = ${tenantId} and id = ${id} and fence = ${fence}`);
}
