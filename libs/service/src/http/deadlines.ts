import type { FastifyReply } from 'fastify';
import type { Metrics } from '@idp/telemetry';
import { deadlineExceeded, type RequestOperation } from './operation.ts';

const sweepMs = 100;
const graceMs = 1000;
const headerPattern = /^\d{1,9}$/;

/** Ends requests that take too long. */
export interface Deadlines {
  /** Watches a request whose `deadlineAt` is set. */
  watch(operation: RequestOperation, reply: FastifyReply): void;
  release(operation: RequestOperation): void;
  /** Counts a request that was refused or ended because of its deadline. */
  exceeded(where: 'arrival' | 'handler'): void;
  /** Ends the sweep once no request is left. */
  stop(): void;
}

/** Milliseconds of `X-Request-Deadline-Ms`, which may only shorten the route's own; undefined where absent or malformed. */
export function headerDeadlineMs(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && headerPattern.test(header) ? Number(header) : undefined;
}

/**
 * One sweep every 100 ms instead of a timer per request, and timers of their own only for deadlines below a second. At the
 * deadline the signal aborts and what listens to it answers 504; a handler that does not is answered for after 1 s of grace,
 * in which a write that is being committed may still give its answer.
 */
export function createDeadlines({ metrics }: { metrics: Metrics }): Deadlines {
  const watched = new Map<RequestOperation, FastifyReply>();
  const counter = metrics.counter('deadline_exceeded_total', 'Requests that ran out of time', ['where']);

  let stopped = false;

  function check(operation: RequestOperation, reply: FastifyReply, now: number): void {
    if (now < operation.deadlineAt) return;
    if (!operation.aborted) {
      counter.inc({ where: 'handler' });
      operation.abort(deadlineExceeded());
    }
    if (now >= operation.deadlineAt + graceMs) {
      watched.delete(operation);
      if (!reply.sent) reply.send(deadlineExceeded());
    }
  }

  const sweep = setInterval(() => {
    const now = performance.now();
    for (const [operation, reply] of watched) check(operation, reply, now);
    if (stopped && watched.size === 0) clearInterval(sweep);
  }, sweepMs);
  sweep.unref();

  return {
    watch(operation, reply) {
      watched.set(operation, reply);
      const { remainingMs } = operation;
      if (remainingMs >= 1000) return;
      const timer = setTimeout(
        () => watched.has(operation) && check(operation, reply, performance.now() + 1),
        remainingMs,
      );
      timer.unref();
    },
    release: (operation) => void watched.delete(operation),
    exceeded: (where) => counter.inc({ where }),
    stop: () => void (stopped = true),
  };
}
