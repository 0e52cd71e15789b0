import type { Redis } from 'ioredis';
import { createAnswerWithin, type AnswerWithin } from './answer-within.ts';

/** Whether Redis is worth asking. */
export interface Circuit {
  closed(): boolean;
  /** The answer in time; what it says of Redis is remembered. */
  ask: AnswerWithin;
  onChange(listener: (closed: boolean) => void): () => void;
  end(): void;
}

const failuresToOpen = 3;
/** Attempts without an answer after which the connection itself is given up: its other end may be gone. */
const attemptsToReconnect = 2;

/** Opens at a lost connection or after three failures in a row, and closes at the first answer in time. */
export function createCircuit(options: { redis: Redis; timeoutMs: number; retryMs: number }): Circuit {
  const { redis, timeoutMs, retryMs } = options;
  const listeners = new Set<(closed: boolean) => void>();
  let closed = false;
  let failures = 0;
  let attempts = 0;
  const timer = setInterval(() => void retry(), retryMs).unref();

  function change(to: boolean): void {
    if (closed === to) return;
    failures = 0;
    attempts = 0;
    closed = to;
    for (const listener of listeners) listener(to);
  }

  const ask = createAnswerWithin({
    limitMs: timeoutMs,
    onAnswer: () => void (failures = 0),
    onFailure() {
      failures += 1;
      if (failures >= failuresToOpen) change(false);
    },
  });

  async function retry(): Promise<void> {
    if (closed) return;
    try {
      if (redis.status !== 'ready') throw new Error('not connected');
      await ask(redis.ping());
      change(true);
    } catch {
      attempts += 1;
      // A connection that is being made has its own timeout; one that was made and stays silent has none.
      if (attempts % attemptsToReconnect === 0 && (redis.status === 'ready' || redis.status === 'connect')) {
        redis.disconnect(true);
      }
    }
  }

  // Every failure arrives at a caller too; without a listener it would end the process.
  redis.on('error', () => undefined);
  redis.on('ready', () => change(true));
  redis.on('close', () => change(false));
  return {
    closed: () => closed,
    ask,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    end() {
      clearInterval(timer);
      listeners.clear();
    },
  };
}
