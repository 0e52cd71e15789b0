import type { Stack } from '../stack/stack.ts';

export interface FaultContext {
  stack: Stack;
  random: () => number;
  /** How long servers are away, processes frozen, members coming and going. */
  times: FaultTimes;
  /** Something measured on the way, for the report. */
  note(name: string, value: number | string): void;
}

export interface FaultTimes {
  outageMs: number;
  frozenMs: number;
  churnMs: number;
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
  /** A cycle takes less than half a minute in the long form too. */
  quick?: boolean;
  strike(context: FaultContext): Promise<void>;
}

/** Times of the short form, a minute per fault at most, and of the long one. */
export const shortTimes: FaultTimes = { outageMs: 5_000, frozenMs: 15_000, churnMs: 20_000 };
export const longTimes: FaultTimes = { outageMs: 60_000, frozenMs: 40_000, churnMs: 300_000 };
