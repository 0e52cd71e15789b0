import type { Backoff } from '../define/queue.ts';

/** How a run came to its end. */
export type Ending =
  | { kind: 'done' }
  /** The handler asked for another run. */
  | { kind: 'again'; delayMs: number }
  | { kind: 'later'; delayMs: number }
  | { kind: 'failed' }
  | { kind: 'permanent' }
  /** Its process was not heard of for the length of the lease, and so far nobody knows that it lives. */
  | { kind: 'crashed' }
  /** Its process lives, but could not keep the lease. */
  | { kind: 'lost' }
  /** The process stops and gives the job back. */
  | { kind: 'returned' };

/** What the row of a running job says when its run ends. */
export interface RunState {
  attempts: number;
  crashes: number;
  /** Runs in a row that lost their lease while their process lived. */
  losses: number;
  /** A newer payload arrived while it ran. */
  hasNext: boolean;
  cancelled: boolean;
  /** The handler may have been called. */
  begun: boolean;
}

export interface RunLimits {
  attemptsMax: number;
  backoff: Backoff;
  /** 0 to 1. */
  random: () => number;
}

/** What becomes of the job (data.md §2.12). `next` takes the newer payload and its due time. */
export type Step =
  | { to: 'gone' }
  /** `suspect`: it was there when its process died. */
  | {
      to: 'pending';
      delayMs: number;
      attempts: number;
      crashes: number;
      losses: number;
      next: boolean;
      suspect: boolean;
    }
  /** `followUp`: the newer payload becomes a job of its own. */
  | { to: 'dead'; attempts: number; crashes: number; followUp: boolean };

/** Runs that died with their process before a job is given up. */
export const crashesMax = 3;
/** Leases lost in a row by living processes before a job is given up: it blocks whoever runs it, or nobody can run anything. */
export const lossesMax = 10;

/** The state machine of a run: where a running job goes. Every other transition is one statement of its own. */
export function stepAfter(state: RunState, ending: Ending, limits: RunLimits): Step {
  const { hasNext, cancelled } = state;
  const attempts = state.attempts + (ending.kind === 'failed' || ending.kind === 'permanent' ? 1 : 0);
  const crashes = state.crashes + (ending.kind === 'crashed' && state.begun ? 1 : 0);
  const losses = ending.kind === 'lost' ? state.losses + 1 : ending.kind === 'crashed' ? state.losses : 0;
  // What a cancellation ends is the request it met; a newer one stays.
  if (cancelled || ending.kind === 'done') {
    return hasNext
      ? { to: 'pending', delayMs: 0, attempts: 0, crashes: 0, losses: 0, next: true, suspect: false }
      : { to: 'gone' };
  }
  const exhausted = ending.kind === 'failed' && attempts >= limits.attemptsMax;
  if (ending.kind === 'permanent' || exhausted || crashes >= crashesMax || losses >= lossesMax) {
    return { to: 'dead', attempts, crashes, followUp: hasNext };
  }
  const suspect = ending.kind === 'crashed';
  if (hasNext) return { to: 'pending', delayMs: 0, attempts: 0, crashes, losses, next: true, suspect };
  const fresh = ending.kind === 'again';
  return {
    to: 'pending',
    delayMs: delayAfter(ending, { attempts, losses }, limits),
    attempts: fresh ? 0 : attempts,
    crashes: fresh ? 0 : crashes,
    losses,
    next: false,
    suspect,
  };
}

function delayAfter(
  ending: Ending,
  { attempts, losses }: Pick<RunState, 'attempts' | 'losses'>,
  { backoff, random }: RunLimits,
): number {
  if (ending.kind === 'again' || ending.kind === 'later') return Math.max(0, ending.delayMs);
  if (ending.kind !== 'failed' && ending.kind !== 'lost') return 0;
  const times = ending.kind === 'failed' ? attempts : losses;
  const pause = Math.min(backoff.maxMs, backoff.firstMs * 2 ** (times - 1));
  return pause * (0.8 + 0.4 * random());
}
