import { expect, test } from 'vitest';
import type { Answer } from '../workload/client.ts';
import { checkSpared, countSpared, p95 } from './answers.ts';

const answer = (more: Partial<Answer>): Answer => ({
  process: 'catalog',
  method: 'GET',
  at: 0,
  ms: 5,
  status: 200,
  timedOut: false,
  ...more,
});
const times = (count: number, more: Partial<Answer>) => Array.from({ length: count }, () => answer(more));

test('only processes beside the fault are counted', () => {
  const answers = [...times(10, {}), ...times(5, { process: 'ledger-1', status: 500 })];
  expect(countSpared(answers, ['ledger-1'])).toEqual({ tries: 10, failed: 0, late: 0 });
  expect(countSpared(answers, 'all')).toEqual({ tries: 0, failed: 0, late: 0 });
});

test('lateness and failure are told apart, and 4xx is an answer', () => {
  const answers = [
    ...times(2, { status: undefined, timedOut: true }),
    ...times(3, { status: 503 }),
    ...times(1, { status: 504 }),
    ...times(4, { status: undefined }),
    ...times(5, { status: 500 }),
    ...times(6, { status: 409 }),
  ];
  expect(countSpared(answers, [])).toEqual({ tries: 21, failed: 9, late: 6 });
});

test('two may fail, then one in a thousand; late ones count where times are judged', () => {
  expect(checkSpared({ tries: 100, failed: 2, late: 50 }, false)).toEqual([]);
  expect(checkSpared({ tries: 100, failed: 3, late: 0 }, false)).toHaveLength(1);
  expect(checkSpared({ tries: 100, failed: 1, late: 2 }, true)).toHaveLength(1);
  expect(checkSpared({ tries: 5_000, failed: 5, late: 0 }, true)).toEqual([]);
  expect(checkSpared({ tries: 5_000, failed: 6, late: 0 }, true)).toHaveLength(1);
});

test('the p95 of a handful is unknown', () => {
  expect(p95(times(39, {}))).toBeUndefined();
  const mixed = Array.from({ length: 100 }, (_, index) => answer({ ms: index + 1 }));
  expect(p95(mixed)).toBe(96);
});
