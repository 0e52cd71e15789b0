import type { Database } from '@idp/database';
import type { Logger } from '@idp/telemetry';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Failpoints } from '../failpoints.ts';
import type { RecordChunk } from '../transport/transport.ts';
import { applyTenant, lookup, type Result, type Verdict } from './apply-tenant.ts';
import type { ConsumerMetrics } from './consumer-metrics.ts';
import type { GroupConsumer } from './define-consumer.ts';
import type { Delivery } from './delivery.ts';
import { classify, HandlerFailure, StaleChunkError, type Failure } from './failure.ts';
import { parkedDelayMs, type ConsumerTiming } from './timing.ts';

export interface ChunkEnvironment {
  service: string;
  // Consumers bring their own tables.
  // oxlint-disable-next-line typescript/no-explicit-any
  database: Database<any>;
  consumer: GroupConsumer;
  timing: ConsumerTiming;
  failpoints: Failpoints;
  metrics: ConsumerMetrics;
  logger: Logger;
  random: () => number;
  /** Time of the last record dealt with by this process, per `<topic>/<partition>`, in milliseconds since the epoch. */
  progress: Map<string, number>;
  /** Something was parked and is due after so many milliseconds. */
  onParked: (delayMs: number) => void;
}

/** The part of a chunk that decides whether its effect may still be committed. */
export type Ownership = Pick<RecordChunk, 'heartbeat' | 'isStale' | 'signal'>;

/**
 * Deals with deliveries so that every one has an outcome: as one transaction, repeated while that may help, then one by one.
 * Rejects only when the ownership is gone or nothing can be recorded.
 */
export async function deliver(
  environment: ChunkEnvironment,
  ownership: Ownership,
  deliveries: readonly Delivery[],
): Promise<void> {
  const { timing } = environment;
  const verdicts = new Map<string, Verdict>();
  const startedAt = performance.now();
  for (let attempt = 1; attempt <= timing.chunkRetries + 1; attempt += 1) {
    try {
      return await commitTogether(environment, ownership, deliveries, { verdicts, attempt, startedAt });
    } catch (error) {
      const failure = inspect(environment, ownership, error);
      const eventId = error instanceof HandlerFailure ? error.eventId : undefined;
      if (failure.class === 'connection') attempt -= 1;
      else if (eventId !== undefined && decide(verdicts, eventId, failure, attempt)) continue;
      else if (failure.class !== 'transient') break;
      await backOff(environment, ownership, attempt);
    }
  }
  const tried = timing.chunkRetries + 1;
  for (const delivery of deliveries) await deliverAlone(environment, ownership, delivery, verdicts, tried);
}

/** One event in a transaction of its own; parked when it is still failing after its time. */
export async function deliverAlone(
  environment: ChunkEnvironment,
  ownership: Ownership,
  delivery: Delivery,
  verdicts: Map<string, Verdict>,
  tried = 0,
): Promise<void> {
  const { timing } = environment;
  const { eventId } = delivery;
  const startedAt = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await commitTogether(environment, ownership, [delivery], { verdicts, attempt, startedAt });
    } catch (error) {
      const failure = inspect(environment, ownership, error);
      if (failure.class !== 'connection') {
        // Not even its outcome can be stored: the chunk is given back and tried again later.
        if (verdicts.has(eventId) && failure.class === 'permanent') throw error;
        if (decide(verdicts, eventId, failure, tried + attempt)) continue;
        if (performance.now() - startedAt >= timing.eventMs) {
          const { code, message } = failure;
          const delayMs = parkedDelayMs(timing, 0);
          verdicts.set(eventId, { outcome: 'parked', delayMs, code, message, attempts: tried + attempt });
          continue;
        }
      }
      await backOff(environment, ownership, attempt);
    }
  }
}

interface Try {
  verdicts: Map<string, Verdict>;
  attempt: number;
  startedAt: number;
}

async function commitTogether(
  environment: ChunkEnvironment,
  ownership: Ownership,
  deliveries: readonly Delivery[],
  { verdicts, attempt, startedAt }: Try,
): Promise<void> {
  const { database, service, consumer, timing, failpoints, metrics } = environment;
  const { signal } = ownership;
  const tenants = [...Map.groupBy(deliveries, (delivery) => delivery.tenantId)].toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const sinceMs = performance.now() - startedAt;
  const observe = metrics.handlerTime(consumer.name);
  const { results, woke } = await database.chunk(
    async (chunk) => {
      const all: Result[] = [];
      let some = false;
      const lookups = tenants.map(([tenantId, list]) => ({ tenantId, list, ...lookup(consumer, tenantId, list) }));
      const answers = await chunk.ask(lookups);
      const work = { service, consumer, timing, verdicts, attempt, signal, sinceMs, observe };
      for (const [at, { tenantId, list, keys }] of lookups.entries()) {
        const known = { keys, answers: answers[at]! };
        const applied = await chunk.tenant(tenantId, (tx) => applyTenant(tx as never, work, list, known));
        all.push(...applied.results);
        some ||= applied.woke;
      }
      failpoints('consumer.afterEffect');
      if (all.some(({ outcome }) => outcome === 'parked')) failpoints('park.beforeCommit');
      await ownership.heartbeat();
      if (ownership.isStale()) throw new StaleChunkError(`${consumer.name} lost its partition`);
      return { results: all, woke: some };
    },
    { signal },
  );
  if (woke) environment.onParked(0);
  report(environment, results, verdicts);
  metrics.handled(consumer.name, results);
}

function report(
  environment: ChunkEnvironment,
  results: readonly Result[],
  verdicts: ReadonlyMap<string, Verdict>,
): void {
  const { consumer, logger, timing } = environment;
  for (const { delivery, outcome } of results) {
    if (outcome === 'parked') {
      const verdict = verdicts.get(delivery.eventId);
      environment.onParked(verdict?.outcome === 'parked' ? verdict.delayMs : timing.gapMs);
    }
    if (outcome !== 'dead') continue;
    const { code } = verdicts.get(delivery.eventId) ?? delivery.problem!;
    logger.error(
      { consumer: consumer.name, eventId: delivery.eventId, type: delivery.type, code },
      'an event became a dead letter',
    );
  }
}

function inspect({ consumer, metrics, logger }: ChunkEnvironment, ownership: Ownership, error: unknown): Failure {
  if (error instanceof StaleChunkError || ownership.isStale()) throw error;
  const failure = classify(error);
  metrics.retries.inc({ consumer: consumer.name, class: failure.class });
  logger.warn({ err: error, consumer: consumer.name, class: failure.class }, 'a handler of events failed');
  return failure;
}

/** A failure that needs no further try settles the event. */
function decide(verdicts: Map<string, Verdict>, eventId: string, failure: Failure, attempts: number): boolean {
  const { code, message } = failure;
  if (failure.class === 'permanent') verdicts.set(eventId, { outcome: 'dead', code, message, attempts });
  else if (failure.class === 'later')
    verdicts.set(eventId, { outcome: 'parked', delayMs: failure.delayMs ?? 0, code, message, attempts });
  else return false;
  return true;
}

/** Waits with full jitter, keeping the ownership alive. */
async function backOff({ timing, random }: ChunkEnvironment, ownership: Ownership, attempt: number): Promise<void> {
  const ceiling = Math.min(timing.retryMs.max, timing.retryMs.first * 2 ** Math.min(attempt, 16));
  await sleep(random() * ceiling, undefined, { signal: ownership.signal });
  await ownership.heartbeat();
  if (ownership.isStale()) throw new StaleChunkError('the partition was lost while waiting');
}
