import { RedisAwayError } from './redis-away.ts';

/** Gives the answer; rejects with RedisAwayError where it takes longer than the limit or is no answer of Redis at all. */
export type AnswerWithin = <T>(work: Promise<T>) => Promise<T>;

interface Pending {
  dueAt: number;
  settled: boolean;
  late(): void;
}

/**
 * One timer for all answers that are waited for: they have the same limit, so the oldest is due first. A timer that fires looks once
 * more at what has arrived: after a pause of this process the answer may lie unread in the socket, and Redis was not slow.
 */
export function createAnswerWithin(options: {
  limitMs: number;
  onAnswer: () => void;
  onFailure: () => void;
}): AnswerWithin {
  const { limitMs, onAnswer, onFailure } = options;
  let pending: Pending[] = [];
  let timer: NodeJS.Timeout | undefined;

  function arm(): void {
    const dueMs = Math.max(1, (pending[0]?.dueAt ?? 0) - performance.now());
    timer = setTimeout(() => setImmediate(sweep), dueMs);
  }

  function sweep(): void {
    const now = performance.now();
    const firstKept = pending.findIndex(({ settled, dueAt }) => !settled && dueAt > now);
    const past = pending.slice(0, firstKept === -1 ? pending.length : firstKept);
    pending = firstKept === -1 ? [] : pending.slice(firstKept);
    timer = undefined;
    if (pending.length > 0) arm();
    for (const one of past) {
      if (one.settled) continue;
      one.settled = true;
      one.late();
    }
  }

  return (work) =>
    new Promise((resolve, reject) => {
      const fail = (cause?: unknown): void => {
        onFailure();
        reject(new RedisAwayError('Redis is away or slow', { cause }));
      };
      const one: Pending = { dueAt: performance.now() + limitMs, settled: false, late: fail };
      pending.push(one);
      if (timer === undefined) arm();
      work.then(
        (value) => {
          one.settled = true;
          onAnswer();
          resolve(value);
        },
        (error: unknown) => {
          if (one.settled) return;
          one.settled = true;
          if (!isReply(error)) fail(error);
          else reject(error);
        },
      );
    });
}

/** An answer of Redis that refuses one command says nothing about the connection. */
function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}
