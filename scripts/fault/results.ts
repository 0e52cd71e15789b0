import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '@idp/tools';
import type { FaultOptions } from './options.ts';
import type { CycleResult } from './run-cycle.ts';

/** One finished cycle, as it is kept. */
export interface Finished {
  fault: string;
  cycle: number;
  at: string;
  /** Commit it was seen at, with `+` when files had been changed. */
  revision: string;
  result: CycleResult;
}

/** Cycles of a run, kept in a file, so that a long one goes on where it was stopped. */
export interface Results {
  readonly finished: readonly Finished[];
  has(fault: string, cycle: number): boolean;
  add(entry: Omit<Finished, 'at' | 'revision'>): void;
}

/** Of this user, outside of the tree: a stopped run goes on from any clone. */
export function faultFolder(): string {
  return join(cacheFolder(), 'fault');
}

/** Opens the results of runs with the same choices; they are emptied unless the run is to be resumed. */
export function openResults({ transport, brokers, seed, rate, form, resume }: FaultOptions): Results {
  const file = join(faultFolder(), `${transport}-${brokers}-${seed}-${rate}-${form}.jsonl`);
  mkdirSync(faultFolder(), { recursive: true });
  if (!resume) rmSync(file, { force: true });
  const finished = existsSync(file) ? readFileSync(file, 'utf8').split('\n').flatMap(parse) : [];
  const revision = currentRevision();
  return {
    finished,
    has: (fault, cycle) => finished.some((entry) => entry.fault === fault && entry.cycle === cycle),
    add(entry) {
      const whole = { ...entry, at: new Date().toISOString(), revision };
      finished.push(whole);
      // A line of its own even after one that a killed run left unfinished.
      appendFileSync(file, `\n${JSON.stringify(whole)}`);
    },
  };
}

/** Nothing for an empty line and for one that was being written when the run was killed. */
function parse(line: string): Finished[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as Finished];
  } catch {
    return [];
  }
}

function currentRevision(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const changed = git('status', '--porcelain', '--untracked-files=no', ':/libs', ':/services', ':/scripts/fault');
    return `${git('rev-parse', '--short=10', 'HEAD').trim()}${changed === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}
