import { sql, type RawBuilder } from 'kysely';
import { newId } from '@idp/contracts';
import { stepAfter, type Ending, type RunLimits, type RunState, type Step } from '../state/step-after.ts';
import { handOver } from './serial.ts';
import type { RunStatement } from './statement.ts';

/** One run: the job and the fence it was claimed at. Whoever writes about it says both. */
export interface RunKey {
  tenantId: string;
  id: string;
  fence: number;
}

/** Names one run in this process: a job that was lost may be claimed here again while its first run still goes on. */
export function runName({ id, fence }: Pick<RunKey, 'id' | 'fence'>): string {
  return `${id} ${fence}`;
}

/** What a run needs to be ended. */
export interface RunRow extends RunKey {
  queue: string;
  serialKey: string | null;
}

export interface RunEnd {
  ending: Ending;
  /** Payload of the next run as JSON text; default the one it has. */
  payload?: string | undefined;
  /** When the next run is due, instead of after a delay. */
  runAt?: Date | undefined;
  error?: { code: string; message: string };
}

export interface EndSettings {
  service: string;
  limits: RunLimits;
}

const errorMax = 2_000;

function owned({ tenantId, id, fence }: RunKey): RawBuilder<unknown> {
  return sql`tenant_id = ${tenantId} and id = ${id} and fence = ${fence} and state = 'running'`;
}

/**
 * The row of a run, locked until the end of the transaction; undefined where another owns the job. `step` keeps others from
 * taking the job, and nothing else: heartbeats and newer payloads do not wait for it.
 */
export async function lockRun(
  run: RunStatement,
  key: RunKey,
  until: 'end' | 'step' = 'end',
): Promise<RunState | undefined> {
  const [row] = await run<RunState>(sql`
    select attempts, crashes, losses, next_payload is not null as "hasNext", cancel_requested_at is not null as cancelled, begun
    from jobs where ${owned(key)} ${until === 'end' ? sql`for update` : sql`for key share`}`);
  return row;
}

/** Deletes a run that is done; a statement that fails (22012) where it cannot: another owner, or a newer payload. */
export function deleteOrFail(key: RunKey): RawBuilder<unknown> {
  return sql`
    with gone as (delete from jobs where ${owned(key)} and next_payload is null returning 1)
    select 1 / count(*) from gone`;
}

export interface EndedRun {
  step: Step;
  /** The next job of its serial key may still be waiting. */
  sweep: boolean;
}

/** Ends a run whose row is locked, and makes the next job of its serial key ready. */
export async function endRun(
  run: RunStatement,
  row: RunRow,
  state: RunState,
  end: RunEnd,
  settings: EndSettings,
): Promise<EndedRun> {
  const step = stepAfter(state, end.ending, settings.limits);
  await run(stepStatement(row, step, end));
  const { tenantId, queue, serialKey } = row;
  if (serialKey === null || step.to === 'pending') return { step, sweep: false };
  const looked = await handOver(run, { service: settings.service, tenantId, queue, serialKey });
  return { step, sweep: !looked };
}

/** The one statement that carries out a step. */
export function stepStatement(row: RunRow, step: Step, end: RunEnd): RawBuilder<unknown> {
  switch (step.to) {
    case 'gone':
      return sql`delete from jobs where ${owned(row)}`;
    case 'pending':
      return toPending(row, step, end);
    case 'dead':
      return toDead(row, step, end);
  }
}

function toPending(
  row: RunRow,
  { delayMs, attempts, crashes, losses, next, suspect }: Step & { to: 'pending' },
  { ending, payload, error, runAt: given }: RunEnd,
): RawBuilder<unknown> {
  const due = given === undefined ? sql`now() + ${delayMs} * interval '1 millisecond'` : sql`${given}::timestamptz`;
  const runAt = next ? sql`coalesce(next_run_at, now())` : due;
  const nextPayload = next ? sql`next_payload` : payload === undefined ? sql`payload` : sql`${payload}::jsonb`;
  return sql`
    update jobs set state = case when ${runAt} > now() then 'scheduled' else 'ready' end, run_at = ${runAt},
      attempts = ${attempts}, crashes = ${crashes}, suspect = ${suspect}, losses = ${losses}, ${errorColumns(error)},
      lost_fences = ${lostFences(ending, crashes)},
      payload = ${nextPayload}, next_payload = null, next_run_at = null, cancel_requested_at = null,
      fence = fence + 1, lease_owner = null, lease_until = null
    where ${owned(row)}`;
}

function toDead(
  row: RunRow,
  { attempts, crashes, followUp }: Step & { to: 'dead' },
  { ending, error }: RunEnd,
): RawBuilder<unknown> {
  const dead = sql`
    update jobs set state = 'dead', dead_at = now(), attempts = ${attempts}, crashes = ${crashes}, ${errorColumns(error)},
      lost_fences = ${lostFences(ending, crashes)},
      fence = fence + 1, lease_owner = null, lease_until = null
    where ${owned(row)}`;
  if (!followUp) return dead;
  // Behind those that wait for the same serial key; whether it is free is decided by the hand-over.
  return sql`
    with dead as (${dead} returning *)
    insert into jobs (tenant_id, id, queue, state, priority, run_at, dedup_key, serial_key, payload, origin)
    select tenant_id, ${newId()}::uuid, queue,
      case when serial_key is not null then 'waiting' when next_run_at > now() then 'scheduled' else 'ready' end,
      priority, coalesce(next_run_at, now()), dedup_key, serial_key, next_payload, origin
    from dead`;
}

/** Runs that may still be cleared by their owners. */
function lostFences(ending: Ending, crashes: number): RawBuilder<unknown> {
  if (ending.kind === 'crashed') return sql`lost_fences || fence`;
  return crashes === 0 ? sql`'{}'` : sql`lost_fences`;
}

function errorColumns(error: RunEnd['error']): RawBuilder<unknown> {
  if (error === undefined) return sql`error_code = error_code`;
  return sql`error_code = ${error.code}, last_error = ${error.message.slice(0, errorMax).toWellFormed().replaceAll('\0', '')}`;
}

/**
 * Deletes runs that are simply done, in one statement; those it does not return have a newer payload, a serial key, or
 * another owner, and are ended one by one.
 */
export async function deleteDone(run: RunStatement, keys: readonly RunKey[]): Promise<Set<string>> {
  const rows = await run<{ id: string }>(sql`
    with done as (
      select j.tenant_id, j.id from jobs j
      join unnest(${keys.map((key) => key.tenantId)}::uuid[], ${keys.map((key) => key.id)}::uuid[],
        ${keys.map((key) => key.fence)}::bigint[]) as d (tenant_id, id, fence)
        on j.tenant_id = d.tenant_id and j.id = d.id and j.fence = d.fence
      where j.state = 'running' and j.next_payload is null and j.serial_key is null
      for update of j skip locked)
    delete from jobs j using done d where j.tenant_id = d.tenant_id and j.id = d.id returning j.id`);
  return new Set(rows.map((row) => row.id));
}

/** Gives jobs back that were not finished: ready for whoever comes, as if they had not been claimed. */
export async function returnRuns(run: RunStatement, keys: readonly RunKey[]): Promise<void> {
  await run(sql`
    update jobs j set state = 'ready', fence = j.fence + 1, lease_owner = null, lease_until = null,
      payload = coalesce(j.next_payload, j.payload), next_payload = null, next_run_at = null
    from unnest(${keys.map((key) => key.tenantId)}::uuid[], ${keys.map((key) => key.id)}::uuid[],
      ${keys.map((key) => key.fence)}::bigint[]) as d (tenant_id, id, fence)
    where j.tenant_id = d.tenant_id and j.id = d.id and j.fence = d.fence and j.state = 'running'`);
}

/** Says that the run begins; until then the death of its process is not its fault. False where another owns the job. */
export async function markBegun(run: RunStatement, key: RunKey): Promise<boolean> {
  const rows = await run(sql`update jobs set begun = true where ${owned(key)} returning id`);
  return rows.length > 0;
}

export async function saveProgress(run: RunStatement, key: RunKey, progress: string): Promise<boolean> {
  const rows = await run(sql`update jobs set progress = ${progress}::jsonb where ${owned(key)} returning id`);
  return rows.length > 0;
}
