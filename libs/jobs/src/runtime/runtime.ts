import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { platformDoor, type Database, type PlatformDoor } from '@idp/database';
import { createFailpoints, type WakeSignal } from '@idp/events';
import type { Logger, Metrics } from '@idp/telemetry';
import { withDefaults, type AnyQueue } from '../define/queue.ts';
import type { AnySchedule } from '../define/schedule.ts';
import { JobConfigurationError } from '../errors.ts';
import { createJobOperations, type JobOperations } from '../operate/operations.ts';
import { createFinisher } from '../run/finisher.ts';
import { createLeaseKeeper } from '../run/lease-keeper.ts';
import { createLeases, type Leases } from '../run/leases.ts';
import { startMaintenance, type Maintenance } from '../run/maintenance.ts';
import { createWorker, type Worker } from '../run/worker.ts';
import { createScheduler } from '../schedule/scheduler.ts';
import { countMoving } from '../store/count-moving.ts';
import { onPlatform } from '../store/statement.ts';
import { createJobMetrics, reportQueues } from './metrics.ts';
import { readJobSettings } from './settings.ts';
import { defaultTiming, type JobTiming } from './timing.ts';

export interface JobRuntimeOptions {
  service: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  database: Database<any>;
  /** The wake signal of the process. */
  wake: WakeSignal;
  metrics: Metrics;
  logger: Logger;
  /** Where JOBS_CONCURRENCY, ROLE, FAILPOINT and NODE_ENV are read. */
  env: Readonly<Record<string, string | undefined>>;
  /** Ids of the active tenants, for schedules per tenant; default none. */
  tenants?: () => Promise<readonly string[]>;
  random?: () => number;
  /** Times that differ from the usual ones. */
  timing?: Partial<JobTiming>;
}

/** What a service does beside its requests. */
export interface JobDefinitions {
  queues?: readonly AnyQueue[];
  schedules?: readonly AnySchedule[];
}

export interface JobRuntime extends Leases {
  /** Begins to run jobs, unless ROLE is `api`. Throws JobConfigurationError for what cannot work. */
  start(definitions: JobDefinitions): void;
  /** Claims no more, waits for what runs, and hands the rest back at the deadline. */
  stop(deadlineMs: number): Promise<void>;
  readonly operations: JobOperations;
  readonly queues: readonly AnyQueue[];
  readonly schedules: readonly AnySchedule[];
  /** Nothing moves any more: no job runs, is ready or due. Dead jobs and those for later do not count. */
  drained(): Promise<boolean>;
}

/** Channel of a service's jobs: a transaction with new jobs has committed. */
function jobsChannel(service: string): string {
  return `jobs:${service}`;
}

/** Queues, schedules and leases of one service in one process. Throws JobConfigurationError for settings that are refused. */
export function createJobRuntime(options: JobRuntimeOptions): JobRuntime {
  const { service, database, wake, logger, env } = options;
  const settings = readJobSettings(env);
  const failpoints = createFailpoints(env);
  const timing: JobTiming = { ...defaultTiming, ...options.timing };
  const random = options.random ?? Math.random;
  const door: PlatformDoor = platformDoor(database as Database<never>);
  const owner = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
  const keeper = createLeaseKeeper({ door, timing, logger });
  const leases = createLeases({ door, keeper, owner, timing, database });
  let definitions: Required<JobDefinitions> = { queues: [], schedules: [] };
  let worker: Worker | undefined;
  let maintenance: Maintenance | undefined;
  let silence: (() => void) | undefined;

  function run(): void {
    const queues = definitions.queues.map(withDefaults);
    const names = queues.map(({ name }) => name);
    const shared = { service, door, logger, random, timing };
    worker = createWorker({
      ...shared,
      database,
      queues,
      owner,
      keeper,
      failpoints,
      finish: createFinisher(door),
      metrics: createJobMetrics(options.metrics),
      concurrency: settings.concurrency,
      expect: (delayMs) => (delayMs > 0 ? maintenance?.expect(delayMs) : worker?.kick()),
      sweepSoon: () => maintenance?.sweepSoon(),
    });
    const scheduler = createScheduler({
      door,
      schedules: definitions.schedules,
      timing,
      tenants: options.tenants ?? (async () => []),
    });
    maintenance = startMaintenance({ ...shared, queues: names, scheduler, kick: () => worker?.kick() });
    silence = wake.listen(jobsChannel(service), () => worker?.kick());
  }

  return {
    lease: leases.lease,
    operations: createJobOperations({
      service,
      door,
      schedules: () => definitions.schedules,
      kick: () => worker?.kick(),
      sweepSoon: () => maintenance?.sweepSoon(),
    }),
    get queues() {
      return definitions.queues;
    },
    get schedules() {
      return definitions.schedules;
    },
    start({ queues = [], schedules = [] }) {
      checkNames(queues, schedules);
      definitions = { queues, schedules };
      if (queues.length === 0 && schedules.length === 0) return;
      database.addCommitListener((tables) => {
        if (tables.has('jobs')) wake.notify(jobsChannel(service));
      });
      reportQueues(
        options.metrics,
        door,
        queues.map(({ name }) => name),
      );
      if (settings.role !== 'api') run();
    },
    async stop(deadlineMs) {
      silence?.();
      // All at once: what is waited for must not give others the time to begin something new.
      await Promise.all([worker?.stop(deadlineMs), leases.release(deadlineMs), maintenance?.stop()]);
      await keeper.stop();
    },
    async drained() {
      if ((worker?.active ?? 0) > 0) return false;
      const names = definitions.queues.map(({ name }) => name);
      return (await door.transaction((tx) => countMoving(onPlatform(tx.db), names), { readOnly: true })) === 0;
    },
  };
}

function checkNames(queues: readonly AnyQueue[], schedules: readonly AnySchedule[]): void {
  for (const [kind, list] of [
    ['queue', queues],
    ['schedule', schedules],
  ] as const) {
    const names = new Set<string>();
    for (const { name } of list) {
      if (names.has(name)) throw new JobConfigurationError(`two ${kind}s are called ${name}`);
      names.add(name);
    }
  }
  const known = new Set(queues.map(({ name }) => name));
  for (const { name, queue } of schedules) {
    if (!known.has(queue.name)) throw new JobConfigurationError(`schedule ${name}: there is no queue ${queue.name}`);
  }
}
