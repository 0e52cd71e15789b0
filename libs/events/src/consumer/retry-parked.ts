import { insertDeadLetter } from './dead-letter-store.ts';
import type { ChunkEnvironment } from './chunk.ts';
import type { Delivery, Problem } from './delivery.ts';
import { classify, type Failure } from './failure.ts';
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
import { handleStored, storedDelivery } from './stored-delivery.ts';
import { parkedDelayMs } from './timing.ts';

/** What a try of a parked event came to. */
export type RetryOutcome = 'applied' | 'skipped' | 'parked' | 'dead' | 'gone';

interface Retried {
  outcome: RetryOutcome;
  delivery?: Delivery;
  /** When there is something to do again. */
  dueInMs?: number;
  problem?: Problem;
}

/**
 * Tries a claimed event once more, in a transaction of its tenant. A failure is recorded in a second one: parked again with the
 * next pause, or a dead letter when trying again changes nothing.
 */
export async function retryParked(
  environment: ChunkEnvironment,
  claimed: ParkedRow,
  signal: AbortSignal,
): Promise<RetryOutcome> {
  const { database, logger } = environment;
  const inTenant = (fn: (tx: ConsumerTx) => Promise<Retried>): Promise<Retried> =>
    database.chunk((chunk) => chunk.tenant(claimed.tenant_id, (tx) => fn(tx as never)), { signal });
  let retried: Retried;
  try {
    retried = await inTenant((tx) => tryOnce(environment, tx, claimed, signal));
  } catch (error) {
    const failure = classify(error);
    if (failure.class === 'connection' || signal.aborted) throw error;
    logger.warn({ err: error, consumer: claimed.consumer, eventId: claimed.event_id }, 'a parked event failed again');
    retried = await inTenant((tx) => recordFailure(environment, tx, claimed, failure));
  }
  report(environment, retried);
  return retried.outcome;
}

function report({ consumer, metrics, logger, onParked }: ChunkEnvironment, retried: Retried): void {
  const { outcome, delivery, dueInMs, problem } = retried;
  if (dueInMs !== undefined) onParked(dueInMs);
  if (delivery === undefined || outcome === 'gone') return;
  metrics.handled(consumer.name, [{ delivery, outcome }]);
  if (outcome !== 'dead') return;
  const { eventId, type } = delivery;
  logger.error({ consumer: consumer.name, eventId, type, code: problem?.code }, 'an event became a dead letter');
}

async function tryOnce(
  environment: ChunkEnvironment,
  tx: ConsumerTx,
  claimed: ParkedRow,
  signal: AbortSignal,
): Promise<Retried> {
  const { consumer, timing } = environment;
  const row = await lockParked(tx, claimed);
  if (row === undefined) return { outcome: 'gone' };
  const delivery = storedDelivery(environment.consumer, row);
  const ordered = consumer.ordering === 'key';
  const states = ordered ? await loadKeyStates(tx, consumer.name, [row.key]) : new Map<string, KeyState>();
  const state = states.get(row.key);
  const turn = state === undefined ? 'handle' : headTurn(state, delivery);
  if (turn === 'wait' || turn === 'gap') return waitOn(environment, tx, row, delivery, turn);
  // A process that dies in the handler never comes to record the failure.
  if (row.attempts > timing.parkedAttemptsMax) return bury(environment, tx, row, delivery, exhausted);
  if (delivery.problem !== undefined) return bury(environment, tx, row, delivery, delivery.problem);
  if (turn === 'handle' && delivery.event !== undefined) {
    await handleStored(environment, tx, delivery, { attempt: row.attempts + 1, signal });
  }
  const outcome = turn === 'skip' || delivery.event === undefined ? 'skipped' : 'applied';
  deleteParked(tx, row);
  setOutcome(tx, consumer.name, [row.event_id], outcome);
  if (state === undefined) return { outcome, delivery };
  if (turn === 'handle') advance(state, delivery);
  saveKeyStates(tx, consumer.name, states);
  makeHeadsDue(tx, consumer.name, [row.key]);
  return { outcome, delivery, dueInMs: 0 };
}

const exhausted: Problem = { code: 'RETRIES_EXHAUSTED', message: 'the event had no outcome after its last try' };

/** The claimed event is the head of its key: what is parked does not stand before it. */
function headTurn(state: KeyState, { version, event }: Delivery): Turn {
  return turnOf({ ...state, parked: undefined }, version, event?.snapshot);
}

/** A missing version is waited for; then the event is a dead letter that says so. */
function waitOn(
  environment: ChunkEnvironment,
  tx: ConsumerTx,
  row: ParkedRow,
  delivery: Delivery,
  turn: 'wait' | 'gap',
): Promise<Retried> | Retried {
  if (turn === 'wait') {
    reschedule(tx, row, { code: 'WAITS', message: 'a dead letter of its key stands before it', delayMs: undefined });
    return { outcome: 'parked' };
  }
  const leftMs = environment.timing.gapMs - row.waited_ms;
  const message = 'an earlier version is missing';
  if (leftMs <= 0) return bury(environment, tx, row, delivery, { code: 'SEQUENCE_GAP', message });
  reschedule(tx, row, { code: 'GAP', message, delayMs: leftMs });
  return { outcome: 'parked', dueInMs: leftMs };
}

async function recordFailure(
  environment: ChunkEnvironment,
  tx: ConsumerTx,
  claimed: ParkedRow,
  failure: Failure,
): Promise<Retried> {
  const { timing, failpoints } = environment;
  const row = await lockParked(tx, claimed);
  if (row === undefined) return { outcome: 'gone' };
  const delivery = storedDelivery(environment.consumer, row);
  if (failure.class === 'permanent' || row.attempts >= timing.parkedAttemptsMax) {
    return bury(environment, tx, row, delivery, failure);
  }
  const { code, message } = failure;
  const delayMs = failure.delayMs ?? parkedDelayMs(timing, row.attempts);
  reschedule(tx, row, { code, message, delayMs });
  failpoints('park.beforeCommit');
  return { outcome: 'parked', delivery, dueInMs: delayMs };
}

/** Makes a dead letter of a parked event. Under `key` it goes on standing before its key. */
async function bury(
  { consumer }: ChunkEnvironment,
  tx: ConsumerTx,
  row: ParkedRow,
  delivery: Delivery,
  { code, message }: Problem,
): Promise<Retried> {
  const { attempts, waited_ms: sinceMs } = row;
  const problem = { code, message };
  insertDeadLetter(tx, { consumer: consumer.name, delivery, problem, attempts, sinceMs });
  deleteParked(tx, row);
  setOutcome(tx, consumer.name, [row.event_id], 'dead');
  if (consumer.ordering === 'key') {
    const states = await loadKeyStates(tx, consumer.name, [row.key]);
    holdBack(states.get(row.key)!, delivery, 'dead');
    saveKeyStates(tx, consumer.name, states);
  }
  return { outcome: 'dead', delivery, problem };
}
