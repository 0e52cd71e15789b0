import type { Answer } from '../workload/client.ts';
import { violations, type Violation } from './check.ts';

/** What the processes that the fault does not touch made of the requests that came to them while it lasted. */
export interface Spared {
  tries: number;
  /** Broken connections and answers that no load explains. */
  failed: number;
  /** No answer in time, 503 and 504: what a busy machine brings about by itself. */
  late: number;
}

export function countSpared(answers: readonly Answer[], mayFail: readonly string[] | 'all'): Spared {
  const spared = mayFail === 'all' ? [] : answers.filter(({ process }) => !mayFail.includes(process));
  const late = spared.filter(isLate).length;
  const failed = spared.filter((answer) => !isLate(answer) && (answer.status === undefined || answer.status >= 500));
  return { tries: spared.length, failed: failed.length, late };
}

function isLate({ status, timedOut }: Answer): boolean {
  return timedOut || status === 503 || status === 504;
}

/** 99.9 % of a handful is all of them: two tries may fail in any cycle. */
const failedMin = 2;
const failedShare = 0.001;

/** With `judgeTimes` those that were late count as failed, too. */
export function checkSpared({ tries, failed, late }: Spared, judgeTimes: boolean): Violation[] {
  const bad = judgeTimes ? failed + late : failed;
  if (bad <= Math.max(failedMin, Math.floor(tries * failedShare))) return [];
  return violations('I9', [`${bad} of ${tries} requests to processes beside the fault failed (${late} late)`]);
}

/** Milliseconds within which 95 of 100 answers came; undefined for too few to tell. */
export function p95(answers: readonly Answer[]): number | undefined {
  const times = answers
    .filter(({ status }) => status !== undefined)
    .map(({ ms }) => ms)
    .toSorted((one, other) => one - other);
  return times.length < p95Min ? undefined : times[Math.floor(times.length * 0.95)];
}
const p95Min = 40;
