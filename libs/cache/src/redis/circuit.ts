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
/** A connection whose other end may be gone is given up: after this many silent attempts, or where the greeting takes this long. */
const attemptsToReconnect = 2;
const greetingMs = 2_000;

/** Opens at a lost connection or after three failures in a row, and closes at the first answer in time. */
export function createCircuit(options: { redis: Redis; timeoutMs: number; retryMs: number }): Circuit {
  const { redis, timeoutMs, retryMs } = options;
  const listeners = new Set<(closed: boolean) => void>();
  let closed = false;
  let failures = 0;
  let attempts = 0;
  let connectedAt = 0;
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
    if (redis.status === 'connect' && performance.now() - connectedAt > greetingMs) redis.disconnect(true);
    if (redis.status !== 'ready') return;
    try {
      await ask(redis.ping());
      change(true);
    } catch {
      attempts += 1;
      if (attempts % attemptsToReconnect === 0) redis.disconnect(true);
    }
  }

  // Every failure arrives at a caller too; without a listener it would end the process.
  redis.on('error', () => undefined);
  redis.on('connect', () => void (connectedAt = performance.now()));
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
