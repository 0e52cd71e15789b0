import { insertDeadLetter } from './dead-letter-store.ts';
import type { ChunkEnvironment } from './chunk.ts';
import type { Delivery, Problem } from './delivery.ts';
import { classify } from './failure.ts';
import { readDeliveries } from './group-reader.ts';
import { setOutcome, type ConsumerTx } from './inbox-store.ts';
import {
  advance,
  holdBack,
  loadKeyStates,
  makeHeadsDue,
  saveKeyStates,
  turnOf,
  type KeyState,
  type Turn,
} from './key-state.ts';
import { deleteParked, lockParked, reschedule, type ParkedRow } from './parking-store.ts';
import { runHandler } from './run-handler.ts';
import { parkedDelayMs } from './timing.ts';

/** What a try of a parked event came to. */
export type RetryOutcome = 'applied' | 'parked' | 'dead' | 'gone';

/**
 * Tries a claimed event once more, in a transaction of its tenant. A failure is recorded in a second one: parked again with the
 * next pause, or a dead letter when trying again changes nothing.
 */
export async function retryParked(
  environment: ChunkEnvironment,
  claimed: ParkedRow,
  signal: AbortSignal,
): Promise<RetryOutcome> {
  const { database } = environment;
  const inTenant = <T>(fn: (tx: ConsumerTx) => Promise<T>): Promise<T> =>
    database.chunk((chunk) => chunk.tenant(claimed.tenant_id, (tx) => fn(tx as never)), { signal });
  try {
    return await inTenant((tx) => tryOnce(environment, tx, claimed, signal));
  } catch (error) {
    const failure = classify(error);
    if (failure.class === 'connection' || signal.aborted) throw error;
    environment.logger.warn(
      { err: error, consumer: claimed.consumer, eventId: claimed.event_id },
      'a parked event failed again',
    );
    return inTenant(async (tx) => {
      const row = await lockParked(tx, claimed);
      if (row === undefined) return 'gone';
      const delivery = deliveryOf(environment, row);
      const exhausted = row.attempts >= environment.timing.parkedAttemptsMax;
      if (failure.class === 'permanent' || exhausted) return bury(environment, tx, row, delivery, failure);
      const delayMs = failure.delayMs ?? parkedDelayMs(environment.timing, row.attempts);
      reschedule(tx, row, { code: failure.code, message: failure.message, delayMs });
      environment.onParked(delayMs);
      return 'parked';
    });
  }
}

async function tryOnce(
  environment: ChunkEnvironment,
  tx: ConsumerTx,
  claimed: ParkedRow,
  signal: AbortSignal,
): Promise<RetryOutcome> {
  const { consumer, timing, service } = environment;
  const row = await lockParked(tx, claimed);
  if (row === undefined) return 'gone';
  const delivery = deliveryOf(environment, row);
  const states =
    consumer.ordering === 'key' ? await loadKeyStates(tx, consumer.name, [row.key]) : new Map<string, KeyState>();
  const state = states.get(row.key);
  const turn = state === undefined ? 'handle' : headTurn(state, row);
  if (turn === 'wait' || turn === 'gap') return wait(environment, tx, row, delivery, turn);
  // A process that dies here never comes to record its failure.
  if (row.attempts > timing.parkedAttemptsMax) return bury(environment, tx, row, delivery, exhausted);
  if (delivery.problem !== undefined) return bury(environment, tx, row, delivery, delivery.problem);
  if (turn === 'handle' && delivery.event !== undefined) {
    const traceparent = delivery.record.headers['ce_traceparent'];
    const timeoutMs = consumer.timeoutMs ?? timing.handlerMs;
    const run = { service, events: [delivery.event], traceparent, attempt: row.attempts + 1, timeoutMs, signal };
    await runHandler(run, (ctx) =>
      consumer.handle === undefined
        ? consumer.handleMany(tx, [delivery.event as never], ctx)
        : consumer.handle(tx, delivery.event as never, ctx),
    );
  }
  deleteParked(tx, row);
  setOutcome(tx, consumer.name, [row.event_id], turn === 'skip' ? 'skipped' : 'applied');
  if (state !== undefined) {
    if (turn === 'handle') advance(state, delivery);
    saveKeyStates(tx, consumer.name, states);
    makeHeadsDue(tx, consumer.name, [row.key]);
    environment.onParked(0);
  }
  environment.metrics.handled(consumer.name, [{ delivery, outcome: turn === 'skip' ? 'skipped' : 'applied' }]);
  return 'applied';
}

const exhausted: Problem = { code: 'RETRIES_EXHAUSTED', message: 'the event had no outcome after its last try' };

/** The claimed event is the head of its key: what is parked does not stand before it. */
function headTurn(state: KeyState, { sequence }: ParkedRow): Turn {
  const rest = { ...state, parked: undefined };
  return turnOf(rest, sequence ?? undefined);
}

/** A missing version is waited for; then the event is a dead letter that says so. */
function wait(
  environment: ChunkEnvironment,
  tx: ConsumerTx,
  row: ParkedRow,
  delivery: Delivery,
  turn: 'wait' | 'gap',
): Promise<RetryOutcome> | RetryOutcome {
  const { timing } = environment;
  if (turn === 'wait') {
    reschedule(tx, row, { code: 'WAITS', message: 'a dead letter of its key stands before it', delayMs: undefined });
    return 'parked';
  }
  const leftMs = timing.gapMs - row.waited_ms;
  const message = 'an earlier version is missing';
  if (leftMs <= 0) return bury(environment, tx, row, delivery, { code: 'SEQUENCE_GAP', message });
  reschedule(tx, row, { code: 'GAP', message, delayMs: leftMs });
  environment.onParked(leftMs);
  return 'parked';
}

/** Makes a dead letter of a parked event. Under `key` it goes on standing before its key. */
async function bury(
  { consumer, logger, metrics }: ChunkEnvironment,
  tx: ConsumerTx,
  row: ParkedRow,
  delivery: Delivery,
  { code, message }: Problem,
): Promise<RetryOutcome> {
  const { attempts, waited_ms: sinceMs } = row;
  insertDeadLetter(tx, { consumer: consumer.name, delivery, problem: { code, message }, attempts, sinceMs });
  deleteParked(tx, row);
  setOutcome(tx, consumer.name, [row.event_id], 'dead');
  if (consumer.ordering === 'key') {
    const states = await loadKeyStates(tx, consumer.name, [row.key]);
    holdBack(states.get(row.key)!, delivery, 'dead');
    saveKeyStates(tx, consumer.name, states);
  }
  metrics.handled(consumer.name, [{ delivery, outcome: 'dead' }]);
  logger.error(
    { consumer: consumer.name, eventId: row.event_id, type: delivery.type, code },
    'an event became a dead letter',
  );
  return 'dead';
}

function deliveryOf({ consumer }: ChunkEnvironment, row: ParkedRow): Delivery {
  const { topic, part, offset, key, payload } = row;
  const headers = JSON.parse(row.headers) as Record<string, string>;
  return readDeliveries(consumer, [{ topic, part, offset, key, headers, value: payload }])[0]!;
}
