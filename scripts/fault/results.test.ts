import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readOptions } from './options.ts';
import { faultFolder, openResults } from './results.ts';
import type { CycleResult } from './run-cycle.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fault-results-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const result = { operations: 1, violations: [] } as unknown as CycleResult;
const options = (...more: string[]) => readOptions(['--long', ...more]);

test('a resumed run knows what was done, also when it was killed while writing', () => {
  openResults(options()).add({ fault: 'zombie', cycle: 1, result });
  const [file] = readdirSync(faultFolder());
  appendFileSync(join(faultFolder(), file!), '\n{"fault":"zombie","cyc');
  const resumed = openResults(options('--resume'));
  expect(resumed.has('zombie', 1)).toBe(true);
  expect(resumed.has('zombie', 2)).toBe(false);
  resumed.add({ fault: 'zombie', cycle: 2, result });
  const again = openResults(options('--resume'));
  expect(again.finished.map(({ cycle }) => cycle)).toEqual([1, 2]);
  expect(again.finished.every(({ revision }) => revision !== '')).toBe(true);
});

test('without --resume, or with other choices, nothing is known', () => {
  openResults(options()).add({ fault: 'zombie', cycle: 1, result });
  expect(openResults(options('--resume', '--seed', '2')).finished).toEqual([]);
  expect(openResults(options('--resume', '--transport', 'postgres')).finished).toEqual([]);
  expect(openResults(options()).finished).toEqual([]);
  expect(openResults(options('--resume')).finished).toEqual([]);
});
