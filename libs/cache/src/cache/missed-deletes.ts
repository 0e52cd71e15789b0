import type { RedisConnection } from '../redis/redis-connection.ts';

/** Deletes that Redis has not confirmed. Until it has, what lies there may be outdated and is not read. */
export interface MissedDeletes {
  /** Runs a delete. Where it fails, `repeat` is kept under `name` and run when Redis answers again. Never rejects. */
  attempt(name: string, run: () => Promise<void>, repeat: () => Promise<void>): Promise<void>;
  /** Whether Redis may be read and written; false starts the repetition when Redis is there. */
  caughtUp(): boolean;
}

const keptMax = 10_000;
const repeatEveryMs = 1_000;

export function createMissedDeletes(options: {
  redis: RedisConnection;
  lifeMaxMs: number;
  now: () => number;
}): MissedDeletes {
  const { redis, lifeMaxMs, now } = options;
  const missed = new Map<string, () => Promise<void>>();
  let overflowed = false;
  let distrustedUntil = 0;
  let repeating = false;
  let repeatedAt = Number.NEGATIVE_INFINITY;

  function keep(name: string, run: () => Promise<void>): void {
    missed.set(name, run);
    if (missed.size <= keptMax) return;
    // Too many to repeat one by one: everything stored until now is left alone until it has ended by itself.
    missed.clear();
    overflowed = true;
  }

  async function repeat(): Promise<void> {
    if (repeating) return;
    repeating = true;
    repeatedAt = now();
    try {
      for (const [name, run] of missed) {
        await run();
        if (missed.get(name) === run) missed.delete(name);
      }
      if (overflowed) distrustedUntil = now() + lifeMaxMs;
      overflowed = false;
    } catch {
      // Away again: what is left comes with the next attempt.
    } finally {
      repeating = false;
    }
  }

  redis.onChange((available) => {
    if (available) void repeat();
  });
  return {
    async attempt(name, run, repetition) {
      try {
        await run();
      } catch {
        keep(name, repetition);
      }
    },
    caughtUp() {
      if (!redis.available()) return false;
      if (missed.size === 0 && !overflowed) return now() >= distrustedUntil;
      if (now() - repeatedAt >= repeatEveryMs) void repeat();
      return false;
    },
  };
}
