import { sql } from 'kysely';
import { newId } from '@idp/contracts';
import { createWakeSignal } from '@idp/events';
import { emptyDatabase } from '@idp/testing';
import {
  createJobRuntime,
  defineQueue,
  enqueue,
  type Enqueued,
  type EnqueueOptions,
  type JobDefinitions,
  type JobRuntime,
  type JobTiming,
  type QueueAddress,
  type QueueDefinition,
} from '../src/index.ts';
import {
  connect,
  openDoor,
  openService,
  prepare,
  service,
  type Address,
  type ProbeTables,
  type ServiceHandle,
} from './service.ts';
import { quickTiming } from './timing.ts';
import { label, record, type Label } from './record.ts';
import { until } from './until.ts';

export { label, record, type Label } from './record.ts';
export { until } from './until.ts';
export const newTenant = newId;

export interface Probe extends AsyncDisposable, ServiceHandle {
  address: Address;
  /** Empties every table. Nothing may run. */
  reset(): Promise<void>;
}

export async function openProbe(): Promise<Probe> {
  const empty = await emptyDatabase();
  // Roles belong to the whole server: under a prefix of their own nobody else sets their passwords.
  const address = { adminUrl: empty.adminUrl, prefix: `${empty.prefix}jobs_` };
  await prepare(address);
  const handle = openService(address);
  return {
    ...handle,
    address,
    async reset() {
      await using admin = await connect(address.adminUrl);
      await admin.query(`truncate ${service}.jobs, ${service}.schedules, ${service}.effects`);
    },
    async [Symbol.asyncDispose]() {
      await handle.database[Symbol.asyncDispose]();
      await empty[Symbol.asyncDispose]();
    },
  };
}

export interface RunOptions extends JobDefinitions {
  timing?: Partial<JobTiming>;
  env?: Record<string, string>;
  tenants?: () => Promise<readonly string[]>;
  random?: () => number;
}

export interface Running extends AsyncDisposable {
  runtime: JobRuntime;
  drain(): Promise<void>;
}

/** The probe's jobs running, as in one process of several. */
export function run(
  { database, metrics, logger }: ServiceHandle,
  { queues = [], schedules = [], timing, env = {}, tenants, random }: RunOptions,
): Running {
  const runtime = createJobRuntime({
    service,
    database,
    wake: createWakeSignal(),
    metrics,
    logger,
    env,
    timing: { ...quickTiming, ...timing },
    ...(tenants !== undefined && { tenants }),
    ...(random !== undefined && { random }),
  });
  runtime.start({ queues, schedules });
  return {
    runtime,
    drain: () => until(() => runtime.drained(), 'the end of all jobs'),
    [Symbol.asyncDispose]: () => runtime.stop(5_000),
  };
}

export type LabelQueue = QueueDefinition<Label, ProbeTables>;

/** A queue whose handler records one effect in the commit that finishes the job. */
export function recording(settings: Partial<LabelQueue> & { name?: string } = {}): LabelQueue {
  return defineQueue<Label, ProbeTables>({
    name: 'record',
    payload: label,
    handler: (job) => job.transaction((tx) => record(tx, job), { unaudited: 'test' }),
    ...settings,
  });
}

export function add(
  { database }: Pick<Probe, 'database'>,
  tenantId: string,
  queue: QueueAddress<Label>,
  text: string,
  options: EnqueueOptions = {},
): Promise<Enqueued> {
  return database.tenant(tenantId).write((tx) => enqueue(tx, queue, { label: text }, options));
}

/** Labels of a tenant's effects, in the order they were committed. */
export async function labels({ database }: Pick<Probe, 'database'>, tenantId: string): Promise<string[]> {
  const rows = await database.tenant(tenantId).read((tx) =>
    tx.db
      .selectFrom('effects')
      .select('label')
      .orderBy('no' as never)
      .execute(),
  );
  return rows.map((row) => row.label);
}

export interface JobRow {
  id: string;
  tenant_id: string;
  state: string;
  attempts: number;
  crashes: number;
  fence: number;
  error_code: string | null;
  last_error: string | null;
  payload: Label;
  progress: unknown;
  queue: string;
}

/** All job rows, in the order of enqueueing. */
export async function listRows(probe: ServiceHandle): Promise<JobRow[]> {
  const { rows } = await openDoor(probe).transaction((tx) =>
    sql<JobRow>`
      select id, tenant_id, state, attempts, crashes, fence, error_code, last_error, payload, progress, queue
      from jobs order by seq`.execute(tx.db),
  );
  return rows;
}
