import { readFileSync, writeFileSync } from 'node:fs';
import { processIdentity } from './process.ts';

/** A process, told apart from a later one with the same pid. */
export interface ProcessMark {
  pid: number;
  identity: string;
}

export function markOf(pid: number): ProcessMark {
  return { pid, identity: processIdentity(pid) ?? '' };
}

export function writeMark(file: string, mark: ProcessMark): void {
  writeFileSync(file, JSON.stringify(mark), { mode: 0o600 });
}

/** The mark in this file; undefined when there is none or half of one. */
export function readMark(file: string): ProcessMark | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessMark;
  } catch {
    return undefined;
  }
}

/** True while the process that was marked runs, frozen or not. */
export function isRunning(mark: ProcessMark | undefined): mark is ProcessMark {
  return mark !== undefined && processIdentity(mark.pid) === mark.identity;
}
