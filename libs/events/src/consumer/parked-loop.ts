import type { Logger } from '@idp/telemetry';
import type { PlatformDoor } from '../platform-door.ts';
import type { ChunkEnvironment } from './chunk.ts';
import { claimParked } from './claim-parked.ts';
import { handlersInFlight } from './in-flight.ts';
import { retryParked } from './retry-parked.ts';

const claimLimit = 20;

export interface ParkedLoop {
  /** Parked events are due after so many milliseconds. */
  expect(delayMs: number): void;
  /** Tries that are running now. */
  readonly active: number;
  /** Grows whenever it looks for due events. */
  readonly rounds: number;
  stop(deadlineMs: number): Promise<void>;
}

export interface ParkedLoopOptions {
  door: PlatformDoor;
  /** By consumer name. */
  environments: ReadonlyMap<string, ChunkEnvironment>;
  pollMs: number;
  claimMs: number;
  logger: Logger;
}

/** Tries parked events when they are due: a timer for the next known one, and a poll for those of other processes. */
export function startParkedLoop({ door, environments, pollMs, claimMs, logger }: ParkedLoopOptions): ParkedLoop {
  const ending = new AbortController();
  const byOrder = Map.groupBy(environments.values(), ({ consumer }) => consumer.ordering === 'key');
  const names = (ordered: boolean): string[] => (byOrder.get(ordered) ?? []).map(({ consumer }) => consumer.name);
  const request = { ordered: names(true), unordered: names(false), limit: claimLimit, claimMs };
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Infinity;
  let running: Promise<void> | undefined;
  let active = 0;
  let rounds = 0;
  let stopping = false;

  function expect(delayMs: number): void {
    const at = performance.now() + Math.max(0, delayMs);
    if (stopping || at >= dueAt) return;
    dueAt = at;
    clearTimeout(timer);
    timer = setTimeout(run, Math.max(0, delayMs));
    timer.unref();
  }

  function run(): void {
    if (running !== undefined) {
      dueAt = Infinity;
      again = true;
      return;
    }
    dueAt = Infinity;
    running = tryAll()
      .catch((error: unknown) => logger.warn({ err: error }, 'parked events could not be tried'))
      .finally(() => {
        running = undefined;
        expect(again ? 0 : pollMs);
        again = false;
      });
  }
  let again = false;

  async function tryAll(): Promise<void> {
    for (;;) {
      if (stopping) return;
      active += 1;
      rounds += 1;
      try {
        const claimed = await door.transaction((tx) => claimParked(tx.db, request));
        for (const row of claimed) {
          if (stopping) return;
          const environment = environments.get(row.consumer)!;
          await handlersInFlight.together(() => retryParked(environment, row, ending.signal));
        }
        if (claimed.length < claimLimit) return;
      } finally {
        active -= 1;
      }
    }
  }

  if (environments.size > 0) expect(0);
  return {
    expect,
    get active() {
      return active;
    },
    get rounds() {
      return rounds;
    },
    async stop(deadlineMs) {
      stopping = true;
      clearTimeout(timer);
      const giveUp = setTimeout(() => ending.abort(), deadlineMs);
      await running;
      clearTimeout(giveUp);
    },
  };
}
