import type { RawBuilder } from 'kysely';
import type { GroupConsumer } from './define-consumer.ts';
import { insertDeadLetter } from './dead-letter-store.ts';
import type { Delivery, Problem } from './delivery.ts';
import { HandlerFailure } from './failure.ts';
import { inboxStatement, setOutcome, type ConsumerTx, type Outcome } from './inbox-store.ts';
import {
  advance,
  holdBack,
  keyStateStatements,
  readKeyStates,
  saveKeyStates,
  turnOf,
  type KeyRow,
  type KeyState,
} from './key-state.ts';
import { parkEvent } from './parking-store.ts';
import { runHandler } from './run-handler.ts';
import type { ConsumerTiming } from './timing.ts';

/** What was decided about an event in an earlier try. */
export type Verdict = Problem & {
  /** Tries it took. */
  attempts: number;
} & ({ outcome: 'dead' } | { outcome: 'parked'; delayMs: number });

export interface TenantWork {
  service: string;
  consumer: GroupConsumer;
  timing: ConsumerTiming;
  verdicts: ReadonlyMap<string, Verdict>;
  attempt: number;
  signal: AbortSignal;
  /** Time since the chunk was first tried, in milliseconds. */
  sinceMs: number;
  observe: (type: string, seconds: number) => void;
}

/** What became of an event. */
export interface Result {
  delivery: Delivery;
  outcome: Outcome;
}

export interface TenantResult {
  results: Result[];
  /** Parked events of a key became due. */
  woke: boolean;
}

/** What has to be known of one tenant's events before the first is handled. */
export interface Lookup {
  statements: RawBuilder<unknown>[];
  keys: readonly string[];
}

export function lookup(consumer: GroupConsumer, tenantId: string, deliveries: readonly Delivery[]): Lookup {
  const listed = deliveries.filter((delivery) => delivery.listed).map((delivery) => delivery.eventId);
  const inbox = inboxStatement(consumer.name, listed);
  if (consumer.ordering !== 'key') return { statements: [inbox], keys: [] };
  const keys = [...new Set(deliveries.map((delivery) => delivery.key))];
  return { statements: [inbox, ...keyStateStatements(tenantId, consumer.name, keys)], keys };
}

/**
 * Deals with the events of one tenant in a chunk, in order: inbox first, then whose turn it is, then the handler. Everything
 * joins the transaction of the chunk; `answers` are the rows of its lookup. Throws HandlerFailure.
 */
export async function applyTenant(
  tx: ConsumerTx,
  work: TenantWork,
  deliveries: readonly Delivery[],
  { keys, answers: [inbox = [], ...found] }: { keys: readonly string[]; answers: readonly unknown[][] },
): Promise<TenantResult> {
  const { consumer } = work;
  const fresh = new Set((inbox as { event_id: string }[]).map((row) => row.event_id));
  const states = readKeyStates(keys, found as KeyRow[][]);
  const todo = once(deliveries).filter(({ listed, eventId }) => !listed || fresh.has(eventId));
  const results =
    consumer.handle === undefined ? await applyMany(tx, work, todo) : await applyEach(tx, work, todo, states);
  for (const outcome of ['skipped', 'parked', 'dead'] as const) {
    const ids = results.filter((result) => result.outcome === outcome && result.delivery.listed);
    setOutcome(
      tx,
      consumer.name,
      ids.map(({ delivery }) => delivery.eventId),
      outcome,
    );
  }
  return { results, woke: saveKeyStates(tx, consumer.name, states) };
}

/** An event may lie twice in one chunk: its first place counts, since a resend puts old events behind newer ones. */
function once(deliveries: readonly Delivery[]): Delivery[] {
  const seen = new Set<string>();
  return deliveries.filter(({ eventId }) => seen.size < seen.add(eventId).size);
}

async function applyEach(
  tx: ConsumerTx,
  work: TenantWork,
  deliveries: readonly Delivery[],
  states: ReadonlyMap<string, KeyState>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const delivery of deliveries) {
    const state = states.get(delivery.key);
    results.push({ delivery, outcome: await applyOne(tx, work, delivery, state) });
  }
  return results;
}

async function applyOne(
  tx: ConsumerTx,
  work: TenantWork,
  delivery: Delivery,
  state: KeyState | undefined,
): Promise<Outcome> {
  const { consumer, timing } = work;
  const turn = state === undefined ? 'handle' : turnOf(state, delivery.version, delivery.event?.snapshot);
  if (turn === 'skip') return 'skipped';
  if (turn === 'wait' || turn === 'gap') {
    const why = turn === 'gap' ? { code: 'GAP', message: 'an earlier version is missing' } : waits;
    parkEvent(tx, consumer.name, delivery, { ...why, delayMs: turn === 'gap' ? timing.gapMs : undefined });
    holdBack(state!, delivery, 'parked');
    return 'parked';
  }
  const verdict = verdictOf(work, delivery);
  if (verdict !== undefined) {
    execute(tx, work, delivery, verdict);
    if (state !== undefined) holdBack(state, delivery, verdict.outcome);
    return verdict.outcome;
  }
  if (delivery.event !== undefined) await handleOne(tx, work, delivery);
  if (state !== undefined) advance(state, delivery);
  return delivery.event === undefined ? 'skipped' : 'applied';
}

const waits = { code: 'WAITS', message: 'an earlier event of its key waits' };

/** All events of the tenant in one call; those with a problem apart. */
async function applyMany(tx: ConsumerTx, work: TenantWork, deliveries: readonly Delivery[]): Promise<Result[]> {
  const { consumer } = work;
  const results: Result[] = [];
  const good: Delivery[] = [];
  for (const delivery of deliveries) {
    const verdict = verdictOf(work, delivery);
    if (verdict === undefined) {
      good.push(delivery);
      continue;
    }
    execute(tx, work, delivery, verdict);
    results.push({ delivery, outcome: verdict.outcome });
  }
  const events = good.flatMap(({ event }) => (event === undefined ? [] : [event]));
  if (events.length > 0) {
    await runHandler({ ...runOf(work, good[0]!), events }, (ctx) => consumer.handleMany!(tx, events as never[], ctx));
  }
  return [...results, ...good.map((delivery) => ({ delivery, outcome: 'applied' as const }))];
}

function verdictOf({ verdicts }: TenantWork, { eventId, problem }: Delivery): Verdict | undefined {
  return verdicts.get(eventId) ?? (problem === undefined ? undefined : { ...problem, outcome: 'dead', attempts: 1 });
}

function execute(tx: ConsumerTx, work: TenantWork, delivery: Delivery, verdict: Verdict): void {
  const consumer = work.consumer.name;
  if (verdict.outcome === 'parked') return parkEvent(tx, consumer, delivery, verdict);
  insertDeadLetter(tx, { consumer, delivery, problem: verdict, attempts: verdict.attempts, sinceMs: work.sinceMs });
}

async function handleOne(tx: ConsumerTx, work: TenantWork, delivery: Delivery): Promise<void> {
  const event = delivery.event!;
  await runHandler({ ...runOf(work, delivery), events: [event] }, (ctx) =>
    work.consumer.handle!(tx, event as never, ctx),
  );
  // An error the handler caught has ended the transaction all the same: the event after it is not to blame.
  if (tx.failure !== undefined) throw new HandlerFailure(event.id, tx.failure);
}

function runOf({ service, consumer, timing, attempt, signal, observe }: TenantWork, { record }: Delivery) {
  const traceparent = record.headers['ce_traceparent'];
  return {
    service,
    consumer: consumer.name,
    traceparent,
    attempt,
    timeoutMs: consumer.timeoutMs ?? timing.handlerMs,
    signal,
    observe,
  };
}
