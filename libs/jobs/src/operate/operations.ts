import { ConflictError, InvalidStateError, NotFoundError } from '@idp/errors';
import { newId } from '@idp/contracts';
import type { AnySchedule } from '../define/schedule.ts';
import { payloadText, type JobTransaction } from '../enqueue/enqueue.ts';
import type { PlatformDoor } from '@idp/database';
import { nextTime } from '../schedule/next-time.ts';
import { databaseTime, insertScheduled } from '../schedule/schedule-store.ts';
import { handOver } from '../store/serial.ts';
import { onPlatform, type RunStatement } from '../store/statement.ts';
import { cancel } from './cancel.ts';
import {
  countDead,
  discardJob,
  findJob,
  listJobs,
  reviveJob,
  reviveMany,
  type JobTx,
  type ReviveFilter,
} from './job-rows.ts';
import { listScheduleRows, setSchedulePaused, tenantsOfSchedule, type ScheduleRow } from './schedule-rows.ts';

export interface ScheduleStatus extends ScheduleRow {
  cron: string;
  timezone: string;
  perTenant: boolean;
  missed: 'once' | 'skip';
  queue: string;
}

/**
 * What may be done about the jobs and schedules of a service. Functions with a transaction see that transaction's tenant alone;
 * the others take a tenant, or undefined for all.
 */
export interface JobOperations {
  list: typeof listJobs;
  find: typeof findJob;
  /** Makes a dead job ready. Throws NotFoundError, InvalidStateError, or ConflictError where another job has its key. */
  retry(tx: JobTx & JobTransaction, id: string): Promise<void>;
  /** Throws NotFoundError, or InvalidStateError for a dead job. */
  cancel(tx: JobTransaction, id: string): Promise<'cancelled' | 'requested'>;
  /** Deletes a dead job. Throws NotFoundError or InvalidStateError. */
  discard(tx: JobTx & JobTransaction, id: string): Promise<void>;
  count(filter: ReviveFilter): Promise<number>;
  retryMany(filter: ReviveFilter, limit: number): Promise<number>;
  schedules(tenantId: string | undefined): Promise<ScheduleStatus[]>;
  /** Throws NotFoundError for a schedule the tenant does not have. */
  setPaused(name: string, tenantId: string | undefined, paused: boolean): Promise<void>;
  /** Makes the jobs of a schedule now. Returns how many. Throws NotFoundError. */
  runNow(name: string, tenantId: string | undefined): Promise<number>;
}

export function createJobOperations(parts: {
  service: string;
  door: PlatformDoor;
  schedules(): readonly AnySchedule[];
  kick(): void;
  sweepSoon(): void;
}): JobOperations {
  const { service, door, kick } = parts;
  const find = (name: string): AnySchedule => {
    const found = parts.schedules().find((schedule) => schedule.name === name);
    if (found === undefined) throw new NotFoundError(`There is no schedule ${name}.`);
    return found;
  };
  /** The rows of a schedule per tenant belong to the tenants, those of the others to the platform. */
  const tenantsOf = async (run: RunStatement, name: string, tenantId: string | undefined): Promise<string[]> => {
    const tenants = await tenantsOfSchedule(run, name, tenantId);
    if (tenants.length === 0) throw new NotFoundError(`There is no schedule ${name}.`);
    return tenants;
  };

  return {
    list: listJobs,
    find: findJob,
    async retry(tx, id) {
      const run: RunStatement = (statement) => tx.platform(statement, { announce: 'jobs' });
      const revived = await reviveJob(run, tx.tenantId, id);
      if (revived === undefined) throw await refusal(tx, id, 'dead');
      const { queue, serialKey } = revived;
      if (serialKey === null) return;
      await handOver(run, { service, tenantId: tx.tenantId, queue, serialKey });
    },
    async cancel(tx, id) {
      const outcome = await cancel(tx, id);
      if (outcome === 'unknown') throw new NotFoundError('This job does not exist.');
      if (outcome === 'dead') throw new InvalidStateError('A dead job cannot be cancelled; discard it.');
      return outcome;
    },
    async discard(tx, id) {
      if (!(await discardJob((statement) => tx.platform(statement), tx.tenantId, id)))
        throw await refusal(tx, id, 'dead');
    },
    count: (filter) => door.transaction((tx) => countDead(onPlatform(tx.db), filter), { readOnly: true }),
    async retryMany(filter, limit) {
      const revived = await door.transaction((tx) => reviveMany(onPlatform(tx.db), filter, limit));
      if (revived > 0) {
        kick();
        parts.sweepSoon();
      }
      return revived;
    },
    async schedules(tenantId) {
      const known = parts.schedules();
      const names = known.map(({ name }) => name);
      const rows = await door.transaction((tx) => listScheduleRows(onPlatform(tx.db), names, tenantId), {
        readOnly: true,
      });
      return rows.map((row) => {
        const { cron, timezone = 'UTC', perTenant = false, missed, queue } = find(row.name);
        return { ...row, cron, timezone, perTenant, missed, queue: queue.name };
      });
    },
    async setPaused(name, tenantId, paused) {
      const { cron, timezone = 'UTC' } = find(name);
      await door.transaction(async (tx) => {
        const run = onPlatform(tx.db);
        await tenantsOf(run, name, tenantId);
        const nextAt = nextTime({ cron, timezone }, await databaseTime(run));
        await setSchedulePaused(run, { name, tenantId, paused, nextAt });
      });
    },
    async runNow(name, tenantId) {
      const { queue, payload } = find(name);
      const made = await door.transaction(async (tx) => {
        const run = onPlatform(tx.db);
        const tenants = await tenantsOf(run, name, tenantId);
        const runAt = await databaseTime(run);
        const job = {
          queue: queue.name,
          payload: payloadText(queue, payload),
          dedupKey: `schedule:${name}:${newId()}`,
          runAt,
        };
        await insertScheduled(
          run,
          tenants.map((id) => ({ ...job, tenantId: id })),
        );
        return tenants.length;
      });
      kick();
      return made;
    },
  };
}

async function refusal(tx: JobTx, id: string, wanted: string): Promise<Error> {
  const job = await findJob(tx, id);
  if (job === undefined) return new NotFoundError('This job does not exist.');
  if (job.state !== wanted) return new InvalidStateError(`The job is ${job.state}, not ${wanted}.`);
  return new ConflictError('Another job of its queue has its key.');
}
