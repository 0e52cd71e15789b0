import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FaultOptions } from './options.ts';
import type { CycleResult } from './run-cycle.ts';

/** One finished cycle, as it is kept. */
export interface Finished {
  fault: string;
  cycle: number;
  at: string;
  result: CycleResult;
}

/** Cycles of a run, kept in a file, so that a long one goes on where it was stopped. */
export interface Results {
  readonly finished: readonly Finished[];
  has(fault: string, cycle: number): boolean;
  add(entry: Finished): void;
}

/** Opens the results of runs with the same choices; they are emptied unless the run is to be resumed. */
export function openResults({ transport, brokers, seed, rate, long, resume }: FaultOptions): Results {
  const name = `${transport}-${brokers}-${seed}-${rate}-${long ? 'long' : 'short'}.jsonl`;
  const file = new URL(`../../.idp/fault/${name}`, import.meta.url).pathname;
  mkdirSync(dirname(file), { recursive: true });
  if (!resume) rmSync(file, { force: true });
  const finished = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(parse) : [];
  return {
    finished,
    has: (fault, cycle) => finished.some((entry) => entry.fault === fault && entry.cycle === cycle),
    add(entry) {
      finished.push(entry);
      appendFileSync(file, `${JSON.stringify(entry)}\n`);
    },
  };
}

function parse(line: string): Finished {
  return JSON.parse(line) as Finished;
}
