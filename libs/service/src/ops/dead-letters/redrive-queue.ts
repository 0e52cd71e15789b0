import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '@idp/errors';
import { defineQueue, type Job, type QueueAddress, type QueueDefinition } from '@idp/jobs';
import type { OpsParts } from '../ops-parts.ts';
import { storedFilter } from './schemas.ts';

const payload = z.strictObject({
  filter: storedFilter,
  /** Absent for all tenants. */
  tenantId: z.string().optional(),
  ratePerSecond: z.number(),
  /** How many letters may still be tried; absent for all of them. */
  left: z.int().optional(),
  /** Letters tried since the request are left out: none is tried twice. */
  triedBefore: z.string(),
  actor: z.string(),
  applied: z.int(),
  failed: z.int(),
});
export type RedrivePayload = z.output<typeof payload>;

export const redriveAddress: QueueAddress<RedrivePayload> = { name: 'ops-redrive', payload };

/** Letters of one run; the job goes on in another one, so that a stop waits for few. */
const runLetters = 500;
const runMs = 300_000;

/** Redrives letters one by one, at most so many a second. A letter that fails again is open again and is left alone. */
export function redriveQueue(parts: OpsParts): QueueDefinition<RedrivePayload> {
  return defineQueue<RedrivePayload>({
    ...redriveAddress,
    tenantConcurrency: 1,
    timeoutMs: runMs,
    handler: (job) => run(parts, job),
  });
}

async function run({ events }: OpsParts, job: Job<RedrivePayload>): Promise<void> {
  const { filter, tenantId, ratePerSecond, left, triedBefore, actor } = job.payload;
  const { signal } = job;
  const selection = { filter, tenantId, triedBefore };
  const size = Math.min(runLetters, left ?? runLetters, Math.max(1, Math.ceil(ratePerSecond * 60)));
  const letters = size === 0 ? [] : await events.deadLetters.next(selection, size);
  let { applied, failed } = job.payload;
  const startedAt = performance.now();
  for (const [index, { tenant_id: tenant, id }] of letters.entries()) {
    const dueMs = startedAt + (index * 1000) / ratePerSecond - performance.now();
    if (dueMs > 0) await pause(dueMs, undefined, { signal });
    const outcome = await events.deadLetters.redriveOne(tenant, id, { actor, signal }).catch(closedMeanwhile);
    if (outcome?.outcome === 'applied') applied += 1;
    if (outcome?.outcome === 'failed') failed += 1;
  }
  await job.progress({ applied, failed });
  if (letters.length < size || size === 0) return;
  const rest = { ...job.payload, applied, failed, ...(left !== undefined && { left: left - letters.length }) };
  const delayMs = Math.max(0, startedAt + (letters.length * 1000) / ratePerSecond - performance.now());
  await job.transaction(async () => undefined, { again: { payload: rest, delayMs } });
}

/** Somebody else dealt with the letter. */
function closedMeanwhile(error: unknown): undefined {
  if (error instanceof AppError && (error.code === 'INVALID_STATE' || error.code === 'NOT_FOUND')) return undefined;
  throw error;
}
