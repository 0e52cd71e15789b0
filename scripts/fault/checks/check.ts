import type pg from 'pg';
import type { Entry } from '../workload/history.ts';
import type { Stack } from '../stack/stack.ts';

/** A sentence about one thing that is not as the invariant says. */
export interface Violation {
  /** `row`: what this fault demands besides; `run`: the cycle did not come to its end. */
  invariant: 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10' | 'row' | 'run';
  what: string;
}

/** What an invariant is judged by: tables as an administrator sees them, and what the clients know. */
export interface Evidence {
  stack: Stack;
  client: pg.Client;
  entries: readonly Entry[];
}

/** Operations that may have happened. */
export function mayHaveHappened({ outcome }: Entry): boolean {
  return outcome !== 'fail';
}

/** At most so many examples of one kind are shown. */
const examplesMax = 5;

export function violations(invariant: Violation['invariant'], sentences: readonly string[]): Violation[] {
  const shown = sentences.slice(0, examplesMax).map((what) => ({ invariant, what }));
  const more = sentences.length - shown.length;
  return more > 0 ? [...shown, { invariant, what: `and ${more} more` }] : shown;
}
