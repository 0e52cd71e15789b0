import { sql } from 'kysely';
import type { JobTransaction } from '../enqueue/enqueue.ts';
import { handOver } from '../store/serial.ts';
import { leaseQueue } from '../store/lease.ts';

/** `cancelled`: the job is gone. `requested`: it runs, and its signal aborts within a heartbeat. `dead`: there is nothing to cancel. */
export type CancelOutcome = 'cancelled' | 'requested' | 'dead' | 'unknown';

interface Row {
  state: string;
  queue: string;
  serialKey: string | null;
}

/** Takes a job of the transaction's tenant out of its queue, with what was enqueued over it while it ran. */
export async function cancel(tx: JobTransaction, id: string): Promise<CancelOutcome> {
  const { service, tenantId } = tx;
  const run = <R>(statement: Parameters<typeof tx.platform<R>>[0]): Promise<R[]> =>
    tx.platform(statement, { announce: 'jobs' });
  const [job] = await run<Row>(sql`
    select state, queue, serial_key as "serialKey" from jobs
    where tenant_id = ${tenantId} and id = ${id} and queue <> ${leaseQueue} for no key update`);
  if (job === undefined) return 'unknown';
  if (job.state === 'dead') return 'dead';
  if (job.state === 'running') {
    await run(sql`
      update jobs set cancel_requested_at = coalesce(cancel_requested_at, now()), next_payload = null, next_run_at = null
      where tenant_id = ${tenantId} and id = ${id}`);
    return 'requested';
  }
  await run(sql`delete from jobs where tenant_id = ${tenantId} and id = ${id}`);
  const { queue, serialKey } = job;
  if (serialKey !== null) await handOver(run, { service, tenantId, queue, serialKey });
  return 'cancelled';
}
