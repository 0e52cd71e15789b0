import { expect, it } from 'vitest';
import { leaksOf } from './leaks.ts';

const answer = (body: string, headers: [string, string][] = []) => ({ status: 500, body, headers, elapsedMs: 1 });

it.each([
  ['Error: x\n    at Object.run (/app/services/catalog/src/main.ts:3:4)', 'a stack'],
  ['insert or update violates foreign key constraint', 'SQL'],
  ['{"code":"FST_ERR_CTP_INVALID_MEDIA_TYPE"}', 'a library name'],
  ['connect ECONNREFUSED 127.0.0.1:5432', 'an errno'],
])('sees what %j gives away', (body, what) => {
  expect(leaksOf(answer(body), [])).toContain(what);
});

it('sees headers that name the server', () => {
  expect(leaksOf(answer('', [['x-powered-by', 'x']]), [])).toEqual(['header x-powered-by']);
});

it('does not take an echo or an ordinary answer for a leak', () => {
  expect(leaksOf(answer('{"error":{"code":"NOT_FOUND","message":"Not found"}}'), [])).toEqual([]);
  expect(leaksOf(answer('{"name":"select a from b where c"}'), ['select a from b where c'])).toEqual([]);
});
