import { defineQueue, enqueueMany, type JobTransaction } from '@idp/jobs';
import { z } from 'zod';
import type { Tables } from './tables.ts';

const payload = z.strictObject({ transferId: z.uuid(), eventId: z.uuid(), account: z.uuid(), sequence: z.string() });
type Notice = z.output<typeof payload>;

const address = { name: 'notices', payload };
/** Longer than any freeze: what comes back must still hold its answer. */
const requestTimeoutMs = 50_000;

/** Has the outside told of these transfers, once each. */
export async function enqueueNotices(tx: JobTransaction, notices: readonly Notice[]): Promise<void> {
  await enqueueMany(
    tx,
    address,
    notices.map((notice) => ({ payload: notice })),
  );
}

/**
 * Tells the endpoint of `LEDGER_NOTICES_URL` of a transfer, the job's id being the idempotency key, and notes it in the transaction
 * that ends the job. A short lease: the job of a frozen process is another's before the freeze is over.
 */
export function noticesQueue() {
  return defineQueue<Notice, Tables>({
    ...address,
    leaseSeconds: 10,
    attemptsMax: 50,
    backoff: { firstMs: 200, maxMs: 2_000 },
    async handler(job) {
      const { transferId, eventId, account, sequence } = job.payload;
      const response = await fetch(process.env['LEDGER_NOTICES_URL']!, {
        method: 'POST',
        headers: { 'idempotency-key': job.id, 'content-type': 'application/json' },
        body: JSON.stringify({ tenantId: job.tenantId, transferId }),
        // Not the job's own signal: a run that goes on although it was told to end is what the fence is for.
        signal: AbortSignal.timeout(requestTimeoutMs),
      });
      if (!response.ok) throw new Error(`the endpoint answered ${response.status}`);
      const row = { consumer: 'ledger.notices', event_id: eventId, transfer_id: transferId, account, sequence };
      await job.transaction((tx) => tx.db.insertInto('effects').values(row).execute(), {
        unaudited: 'an effect of the fault tests',
      });
    },
  });
}
