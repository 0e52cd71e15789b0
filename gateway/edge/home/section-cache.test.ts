import { beforeEach, expect, test, vi } from 'vitest';
import { createSectionCache, type SectionCache } from './section-cache.ts';
import type { SectionState } from './section-state.ts';

let now: number;
let cache: SectionCache;
beforeEach(() => {
  now = 0;
  cache = createSectionCache(() => now);
});

const ok = (data: unknown): SectionState => ({ status: 'ok', data });
const timeout: SectionState = { status: 'timeout', error: { code: 'UPSTREAM_TIMEOUT', message: 'late' } };
const load = (state: SectionState) => vi.fn(() => Promise.resolve(state));

test('what a service has decided is kept for 5 s', async () => {
  for (const state of [ok(1), { status: 'forbidden' } as const]) {
    const [first, later] = [load(state), load(ok(2))];
    expect(await cache.get(state.status, first)).toEqual(state);
    now += 5_000;
    expect(await cache.get(state.status, later)).toEqual(state);
    now += 1;
    expect(await cache.get(state.status, later)).toEqual(ok(2));
    expect([first.mock.calls.length, later.mock.calls.length]).toEqual([1, 1]);
  }
});

test('one load for all who ask at once, one for each key', async () => {
  const { promise, resolve } = Promise.withResolvers<SectionState>();
  const slow = vi.fn(() => promise);
  const asked = [cache.get('a', slow), cache.get('a', slow), cache.get('b', slow)];
  resolve(ok(1));
  expect(await Promise.all(asked)).toEqual([ok(1), ok(1), ok(1)]);
  expect(slow).toHaveBeenCalledTimes(2);
});

test('a section out of time shows its last good data, for a minute and not longer', async () => {
  await cache.get('a', load(ok(1)));
  now += 6_000;
  expect(await cache.get('a', load(timeout))).toEqual({ ...timeout, data: 1, stale: true });
  now += 54_000;
  expect(await cache.get('a', load(timeout))).toEqual({ ...timeout, data: 1, stale: true });
  now += 1;
  expect(await cache.get('a', load(timeout))).toEqual(timeout);
  expect(await cache.get('other', load(timeout))).toEqual(timeout);
});

test('what has failed is asked for again, and shows nothing old', async () => {
  await cache.get('a', load(ok(1)));
  now += 6_000;
  const away: SectionState = { status: 'unavailable' };
  expect(await cache.get('a', load(away))).toEqual(away);
  expect(await cache.get('a', load(ok(2)))).toEqual(ok(2));
});

test('after rights were taken away no old data come back', async () => {
  await cache.get('a', load(ok(1)));
  now += 6_000;
  await cache.get('a', load({ status: 'forbidden' }));
  now += 6_000;
  expect(await cache.get('a', load(timeout))).toEqual(timeout);
});
