import {
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleWhen,
  SamplingBreaker,
  wrap,
  type IPolicy,
} from 'cockatiel';
import { FailedAttempt } from './attempt.ts';

/** Stops calling a target that fails. */
export interface Breaker {
  /** Rejects with cockatiel's `BrokenCircuitError` while open. */
  execute<T>(work: () => Promise<T>): Promise<T>;
  readonly isOpen: boolean;
}

const halfOpenAfterMs = 5_000;

/**
 * Opens at half of 20 or more calls failed within 10 s, or at 5 failed connections in a row; after 5 s one call tries whether the
 * target is back. What the target answers below 500 is no failure of it.
 */
export function createBreaker(): Breaker {
  const failing = circuitBreaker(
    handleWhen((error) => error instanceof FailedAttempt),
    {
      halfOpenAfter: halfOpenAfterMs,
      breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 2 }),
    },
  );
  const unreachable = circuitBreaker(
    handleWhen((error) => error instanceof FailedAttempt && error.isConnection),
    { halfOpenAfter: halfOpenAfterMs, breaker: new ConsecutiveBreaker(5) },
  );
  const both: IPolicy = wrap(failing, unreachable);
  return {
    execute: (work) => both.execute(work),
    get isOpen() {
      return [failing, unreachable].some(({ state }) => state === CircuitState.Open);
    },
  };
}
