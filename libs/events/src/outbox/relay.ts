import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { outboxChannel, type WakeSignal } from '../transport/wake-signal.ts';
import { hasRows } from './outbox-store.ts';
import { runRelayRound, type RelayRound } from './relay-round.ts';
import { outboxShards } from './shards.ts';

const timerMs = { active: 200, idle: 1_000 };
const awayMs = { first: 50, max: 2_000 };

export interface RelayOptions extends RelayRound {
  service: string;
  wake: WakeSignal;
  loops: number;
  random: () => number;
}

export interface Relay {
  /** Looks at once, as after a commit. */
  kick(): void;
  /** Finishes the rounds in hand; past the deadline they are given up (their rows stay). */
  stop(deadlineMs: number): Promise<void>;
}

/**
 * Moves committed events from the outbox to the transport, started by the commit hook of this process and by a timer for what
 * other processes committed (200 ms while there is traffic, 1 s when idle). One round takes the rows of all shards, and what is
 * committed meanwhile is the next one's; behind a backlog up to `loops` rounds run side by side, each with a shard of its own.
 */
export function startRelay(options: RelayOptions): Relay {
  const { door, holds, logger, loops, random } = options;
  const ending = new AbortController();
  const leaving = new AbortController();
  const outside = AsyncLocalStorage.snapshot();
  const running = new Set<Promise<void>>();
  let stopping = false;
  /** Something was committed that no round may have seen. */
  let pending = false;
  /** A round could not take all there was. */
  let backlog = false;
  let absence: Promise<void> | undefined;
  let absences = 0;
  let waitMs = timerMs.active;
  let timer: NodeJS.Timeout | undefined;

  /** One loop: rounds until nothing is left. */
  async function drain(): Promise<void> {
    while (!stopping) {
      await absence;
      if (stopping) return;
      // What is committed from here on may not be seen by this round.
      pending = false;
      const alone = !backlog;
      const outcome = await runRelayRound(options, alone ? outboxShards : 1, ending.signal);
      if (outcome === 'away') {
        absence ??= awaitTransport().finally(() => (absence = undefined));
        continue;
      }
      if (outcome !== 'nothing') {
        absences = 0;
        waitMs = timerMs.active;
      }
      backlog = outcome === 'more' || (backlog && outcome === 'moved');
      if (backlog) kick();
      else if (outcome === 'nothing' || (alone && !pending)) return;
    }
  }

  /** One probe at a time, and no transaction open meanwhile. Full jitter, also when a probe succeeds and the next round fails. */
  async function awaitTransport(): Promise<void> {
    logger.warn('the transport of events does not answer; the outbox waits');
    while (!stopping) {
      absences += 1;
      const ceiling = Math.min(awayMs.max, awayMs.first * 2 ** Math.min(absences - 1, 16));
      await sleep(random() * ceiling, undefined, { signal: leaving.signal, ref: false }).catch(() => undefined);
      const answered = await options.transport.probe?.().then(
        () => true,
        () => false,
      );
      if (answered !== false) return;
    }
  }

  function kick(): void {
    if (stopping || running.size >= (backlog ? loops : 1)) {
      pending = true;
      return;
    }
    const loop: Promise<void> = outside(drain)
      .catch((error: unknown) => {
        if (!ending.signal.aborted) logger.warn({ err: error }, 'a round of the relay failed');
      })
      .finally(() => {
        running.delete(loop);
        // A commit that came while all loops were busy may have been seen by none.
        if (pending) kick();
      });
    running.add(loop);
  }

  function arm(): void {
    const soonest = Math.min(waitMs, holds.nextMs() ?? waitMs);
    timer = setTimeout(() => void tick(), soonest * (0.9 + 0.2 * random()));
    timer.unref();
  }

  /** Asks with one cheap statement whether there is anything to do. */
  async function tick(): Promise<void> {
    try {
      if (await door.transaction((tx) => hasRows(tx.db, holds.topics), { readOnly: true })) kick();
      else waitMs = timerMs.idle;
    } catch (error) {
      logger.warn({ err: error }, 'the outbox could not be read');
    }
    if (!stopping) arm();
  }

  const silence = options.wake.listen(outboxChannel(options.service), kick);
  outside(arm);
  kick();
  return {
    kick,
    async stop(deadlineMs) {
      stopping = true;
      leaving.abort();
      silence();
      clearTimeout(timer);
      const giveUp = setTimeout(() => ending.abort(), deadlineMs);
      await Promise.allSettled(running);
      clearTimeout(giveUp);
    },
  };
}
