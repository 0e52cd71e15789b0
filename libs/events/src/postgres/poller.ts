import type { Logger } from '@idp/telemetry';
import { setTimeout as sleep } from 'node:timers/promises';

const intervalMs = { min: 100, max: 1_000 };

export interface Poller {
  /** Something happened here: look again soon, others may be about to follow. */
  hurry(): void;
  stop(): Promise<void>;
}

/**
 * Calls `look` now and then for what other processes did: every 100 ms while there is traffic, falling back to every second.
 * `look` says whether it found something.
 */
export function startPoller({ look, logger }: { look: () => Promise<boolean>; logger: Logger }): Poller {
  const ending = new AbortController();
  let waitMs = intervalMs.min;
  const loop = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      await sleep(waitMs * (0.9 + 0.2 * Math.random()), undefined, { signal: ending.signal }).catch(() => undefined);
      if (ending.signal.aborted) return;
      const found = await look().catch((error: unknown) => {
        logger.warn({ err: error }, 'the event bus could not be asked');
        return false;
      });
      waitMs = found ? intervalMs.min : Math.min(intervalMs.max, waitMs * 2);
    }
  };
  const running = loop();
  return {
    hurry() {
      waitMs = intervalMs.min;
    },
    async stop() {
      ending.abort();
      await running;
    },
  };
}
