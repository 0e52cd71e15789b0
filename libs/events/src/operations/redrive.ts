import { ConflictError, InvalidStateError, NotFoundError } from '@idp/errors';
import type { ChunkEnvironment } from '../consumer/chunk.ts';
import type { Delivery } from '../consumer/delivery.ts';
import { classify, fingerprint } from '../consumer/failure.ts';
import { setOutcome, type ConsumerTx } from '../consumer/inbox-store.ts';
import { advance, loadKeyStates, makeHeadsDue, saveKeyStates, type KeyState } from '../consumer/key-state.ts';
import { handleStored, storedDelivery } from '../consumer/stored-delivery.ts';
import { RedriveFailure } from '../errors.ts';
import { closeDeadLetter, failDeadLetter, lockDeadLetter, type DeadLetterRow } from './dead-letter-rows.ts';

/** Consumers of this service by name. */
export type Environments = ReadonlyMap<string, ChunkEnvironment>;

/** Who does something about a dead letter, and how it is audited. */
export interface Acting {
  /** `user:<id>` or `service:<name>`. */
  actor: string;
  signal: AbortSignal;
}

/**
 * Runs the handler of the letter's own consumer and closes the letter, in this transaction; nothing is published to the topic.
 * Throws NotFoundError, InvalidStateError for a closed letter, or RedriveFailure: then the transaction must be left and
 * {@link recordFailedRedrive} tells the letter.
 */
export async function redriveDeadLetter(
  environments: Environments,
  tx: ConsumerTx,
  id: string,
  { actor, signal }: Acting,
): Promise<void> {
  const letter = await lockOpen(tx, id);
  const environment = environments.get(letter.consumer);
  if (environment === undefined) {
    throw new RedriveFailure('CONSUMER_GONE', `this release has no consumer ${letter.consumer}`, { keepsCause: true });
  }
  const { consumer } = environment;
  const delivery = readLetter(environment, tx, letter);
  const ordered = consumer.ordering === 'key';
  const states = ordered
    ? await loadKeyStates(tx, consumer.name, [letter.key], { exceptLetter: id })
    : new Map<string, KeyState>();
  const state = states.get(letter.key);
  if (state === undefined || isDue(state, letter)) {
    if (delivery.event !== undefined) await run(environment, tx, delivery, letter, signal);
    if (state !== undefined) advance(state, delivery);
  }
  closeDeadLetter(tx, id, { status: 'redriven', actor });
  setOutcome(tx, consumer.name, [letter.event_id], 'applied');
  if (ordered) {
    saveKeyStates(tx, consumer.name, states);
    makeHeadsDue(tx, consumer.name, [letter.key]);
  }
  audit(tx, letter, { action: 'redrive', outcome: 'succeeded' });
  tx.afterCommit(() => {
    environment.metrics.handled(consumer.name, [{ delivery, outcome: 'applied' }]);
    environment.onParked(0);
  });
  environment.failpoints('redrive.beforeCommit');
}

/** Puts a failed try into the letter, which stays open. */
export async function recordFailedRedrive(
  tx: ConsumerTx,
  id: string,
  { code, message, keepsCause }: RedriveFailure,
  { actor }: Pick<Acting, 'actor'>,
): Promise<void> {
  const letter = await lockOpen(tx, id);
  const print = keepsCause ? undefined : fingerprint(letter.consumer, letter.type ?? undefined, { code, message });
  failDeadLetter(tx, id, { actor, code, message, fingerprint: print });
  audit(tx, letter, { action: 'redrive', outcome: 'failed', code });
}

/**
 * Closes a letter without its effect and lets the later events of its key go on. Throws NotFoundError, InvalidStateError for a
 * closed letter, and ConflictError while an earlier event of the key waits: stepping over the letter would skip it too.
 */
export async function discardDeadLetter(
  environments: Environments,
  tx: ConsumerTx,
  id: string,
  { actor, reason }: { actor: string; reason: string },
): Promise<void> {
  const letter = await lockOpen(tx, id);
  const { consumer } = letter;
  const environment = environments.get(consumer);
  if (environment?.consumer.ordering === 'key') {
    const states = await loadKeyStates(tx, consumer, [letter.key], { exceptLetter: id });
    stepOver(states.get(letter.key)!, letter);
    saveKeyStates(tx, consumer, states);
    makeHeadsDue(tx, consumer, [letter.key]);
  }
  closeDeadLetter(tx, id, { status: 'discarded', actor, reason });
  setOutcome(tx, consumer, [letter.event_id], 'skipped');
  audit(tx, letter, { action: 'discard', outcome: 'succeeded', reason });
  tx.afterCommit(() => environment?.onParked(0));
}

async function lockOpen(tx: ConsumerTx, id: string): Promise<DeadLetterRow> {
  const letter = await lockDeadLetter(tx, id);
  if (letter === undefined) throw new NotFoundError('this dead letter does not exist');
  if (letter.status !== 'open') throw new InvalidStateError(`this dead letter is ${letter.status}`);
  return letter;
}

/** The letter's event as this release reads it. Throws RedriveFailure where it still cannot be handled. */
function readLetter({ consumer }: ChunkEnvironment, tx: ConsumerTx, letter: DeadLetterRow): Delivery {
  if (letter.payload_sha256 !== null) {
    const message = `only the beginning of ${letter.payload_bytes} bytes was kept`;
    throw new RedriveFailure('PAYLOAD_TRUNCATED', message, { keepsCause: true });
  }
  const delivery = storedDelivery(consumer, letter);
  if (delivery.problem !== undefined) throw new RedriveFailure(delivery.problem.code, delivery.problem.message);
  if (delivery.tenantId !== tx.tenantId)
    throw new RedriveFailure('TENANT_MISMATCH', 'the event belongs to another tenant');
  return delivery;
}

/**
 * Whether the event is still to be handled: false when newer state was applied over it. A missing version before it does not
 * stop it, whoever redrives accepts that; an earlier event that waits does.
 */
function isDue({ cursor, parked, dead }: KeyState, { sequence }: DeadLetterRow): boolean {
  if (sequence === null) return true;
  if (cursor !== undefined && sequence <= cursor) return false;
  if ((parked ?? Infinity) < sequence || (dead ?? Infinity) < sequence) {
    throw new RedriveFailure('WAITS', 'an earlier event of its key waits', { keepsCause: true });
  }
  return true;
}

function stepOver(state: KeyState, { sequence }: DeadLetterRow): void {
  if (sequence === null) return;
  const { cursor = sequence - 1, parked, dead } = state;
  if (cursor >= sequence) return;
  if ((parked ?? Infinity) < sequence || (dead ?? Infinity) < sequence) {
    throw new ConflictError('an earlier event of its key waits');
  }
  state.cursor = sequence;
  state.moved = true;
}

async function run(
  environment: ChunkEnvironment,
  tx: ConsumerTx,
  delivery: Delivery,
  { attempts }: DeadLetterRow,
  signal: AbortSignal,
): Promise<void> {
  try {
    await handleStored(environment, tx, delivery, { attempt: attempts + 1, signal });
  } catch (error) {
    const failure = classify(error);
    // Nothing can be said of the event while the database or the caller is away.
    if (failure.class === 'connection' || signal.aborted) throw error;
    throw new RedriveFailure(failure.code, failure.message, { cause: error });
  }
}

function audit(
  tx: ConsumerTx,
  letter: DeadLetterRow,
  {
    action,
    outcome,
    code,
    reason,
  }: { action: string; outcome: 'succeeded' | 'failed'; code?: string; reason?: string },
): void {
  const { id, consumer, type, event_id: eventId, error_code: errorCode } = letter;
  tx.audit({
    action: `${tx.service}:ops:${action}`,
    resourceType: 'dead-letter',
    resourceId: id,
    outcome,
    before: { consumer, type, eventId, errorCode },
    ...(code === undefined ? {} : { after: { errorCode: code } }),
    ...(reason === undefined ? {} : { reason }),
  });
}
