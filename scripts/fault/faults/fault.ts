import type { Stack } from '../stack/stack.ts';
import type { Answer } from '../workload/client.ts';
import type { History } from '../workload/history.ts';

export interface FaultContext {
  stack: Stack;
  random: () => number;
  /** How long servers are away, processes frozen, members coming and going. */
  times: FaultTimes;
  /** Operations a second of the load that runs. */
  rate: number;
  /** Judge how fast things happen, too: the machine does nothing else. */
  judgeTimes: boolean;
  /** Of every try of the load so far. */
  answers(): readonly Answer[];
  /** For operations of the fault's own, which are checked like those of the load. */
  history: History;
  /** Something measured on the way, for the report. */
  note(name: string, value: number | string): void;
  /** Something the row demands besides the invariants: `what` is a violation unless it `holds`. */
  claim(holds: boolean, what: string): void;
}

export interface FaultTimes {
  /** Load before and after the fault, so that it strikes in the middle of work and heals under it. */
  aroundMs: number;
  outageMs: number;
  /** A broker's absence. */
  brokerMs: number;
  frozenMs: number;
  churnMs: number;
  overloadMs: number;
}

/** Something that goes wrong under load. `strike` resolves when everything runs again; what was on its way may still move. */
export interface Fault {
  name: string;
  /** For the report: what happens, in one line. */
  description: string;
  /** Default both. */
  transports?: readonly ('postgres' | 'kafka')[];
  /** The fault must make the relay send something twice: a run in which it does not proves nothing. */
  doublesOnTheWire?: boolean;
  /** Processes that may leave requests without an answer; all others have to answer (I9). */
  mayFail: readonly string[] | 'all';
  /** The p95 of answers may grow to so many times that of before. Judged in the long form alone: a short one sees too few. */
  p95Times?: number;
  /** A campaign without names leaves it out. */
  onlyWhenNamed?: boolean;
  /** The form of CI leaves it out unless it is named: that one has six minutes. */
  longFormOnly?: boolean;
  /** Nothing else may run beside it on this machine. */
  alone?: boolean;
  /** Milliseconds of a whole cycle on a quiet machine of 2 cores. */
  lasts(times: FaultTimes): number;
  /** Why it cannot be tried on this machine. */
  missing?(stack: Stack): string | undefined;
  strike(context: FaultContext): Promise<void>;
}

/** Times of the short form, and of the long one. */
export const shortTimes: FaultTimes = {
  aroundMs: 1_000,
  outageMs: 5_000,
  brokerMs: 5_000,
  frozenMs: 15_000,
  churnMs: 20_000,
  overloadMs: 10_000,
};
export const longTimes: FaultTimes = {
  aroundMs: 3_000,
  outageMs: 30_000,
  brokerMs: 60_000,
  frozenMs: 40_000,
  churnMs: 300_000,
  overloadMs: 60_000,
};

/** Of a cycle beside the fault: sign-in, load before and after, nothing moves any more, checks. */
export function aroundFault({ aroundMs }: FaultTimes): number {
  return 2 * aroundMs + 1_500;
}
