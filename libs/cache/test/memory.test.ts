import { describe, expect, test, vi } from 'vitest';
import { runInContext } from '@idp/telemetry';
import { createCaches, invalidateOnEvents } from '../src/index.ts';
import { testTelemetry } from './telemetry.ts';
import { heldLoad, tenantA, tenantB, things, type Thing } from './things.ts';

/** A loaded machine needs its time. */
const waiting = { timeout: 15_000, interval: 5 };

const red: Thing = { name: 'red', version: 1 };

describe('one key', () => {
  test('is loaded once for a thousand callers at the same time, and not again while it is good', async () => {
    const { cache, telemetry } = things();
    const key = cache.tenant(tenantA).key('k');
    const held = heldLoad<Thing>();
    const callers = Array.from({ length: 1_000 }, () => cache.getOrLoad(key, held.load));
    await vi.waitFor(() => expect(held.begun()).toBe(1), waiting);
    held.end(red);
    expect(new Set(await Promise.all(callers)).size).toBe(1);
    expect(await cache.getOrLoad(key, () => Promise.reject(new Error('not needed')))).toEqual(red);
    expect(await telemetry.count('cache_requests_total', { level: 'l1', outcome: 'hit' })).toBe(1);
    expect(await telemetry.count('cache_requests_total', { level: 'l1', outcome: 'miss' })).toBe(1_000);
  });

  test('whose load fails gives that error to everybody who waits, and is loaded again by the next', async () => {
    const { cache } = things();
    const key = cache.tenant(tenantA).key('k');
    const held = heldLoad<Thing>();
    const callers = Array.from({ length: 20 }, () => cache.getOrLoad(key, held.load));
    await vi.waitFor(() => expect(held.begun()).toBe(1), waiting);
    held.fail(new Error('away'));
    const settled = await Promise.allSettled(callers);
    expect(settled.every((one) => one.status === 'rejected' && (one.reason as Error).message === 'away')).toBe(true);
    expect(await cache.getOrLoad(key, async () => red)).toEqual(red);
  });

  test('is loaded for the others when one caller leaves, and outside the deadline of the first', async () => {
    const { cache } = things();
    const key = cache.tenant(tenantA).key('k');
    const held = heldLoad<Thing>();
    const leaving = new AbortController();
    const first = runInContext(
      { requestId: 'r', traceId: 't', spanId: 's', traceparent: 'p', signal: leaving.signal },
      () => cache.getOrLoad(key, held.load),
    );
    const second = cache.getOrLoad(key, held.load);
    await vi.waitFor(() => expect(held.begun()).toBe(1), waiting);
    leaving.abort(new Error('the client left'));
    await expect(first).rejects.toThrow('the client left');
    held.end(red);
    expect(await second).toEqual(red);
  });

  test('is loaded again after its time, and "there is none" after a shorter one', async () => {
    const { cache, pass } = things({ localSecondsMax: Number.POSITIVE_INFINITY });
    const scope = cache.tenant(tenantA);
    await cache.set(scope.key('there'), red);
    expect(
      await cache.getOrLoad(scope.key('absent'), async (): Promise<Thing | undefined> => undefined),
    ).toBeUndefined();
    pass(4_999);
    const load = vi.fn<() => Promise<Thing | undefined>>(async () => red);
    expect(await cache.getOrLoad(scope.key('absent'), load)).toBeUndefined();
    pass(1);
    expect(await cache.getOrLoad(scope.key('absent'), load)).toEqual(red);
    expect(load).toHaveBeenCalledOnce();
    pass(54_999);
    expect(await cache.get(scope.key('there'))).toEqual(red);
    pass(1);
    expect(await cache.get(scope.key('there'))).toBeUndefined();
  });

  test('is at most 5 s old in the memory of a process that is not alone', async () => {
    const { cache, pass } = things({ staleSeconds: 60 });
    const key = cache.tenant(tenantA).key('k');
    await cache.set(key, red);
    pass(4_999);
    expect(await cache.get(key)).toEqual(red);
    pass(1);
    expect(await cache.get(key)).toBeUndefined();
  });
});

test('an old value is served while one caller fetches the new one, until it is too old', async () => {
  const { cache, pass } = things({ ttlSeconds: 10, staleSeconds: 20, localSecondsMax: Number.POSITIVE_INFINITY });
  const key = cache.tenant(tenantA).key('k');
  const held = heldLoad<Thing>();
  await cache.set(key, red);
  pass(10_001);
  expect(await Promise.all([1, 2, 3].map(() => cache.getOrLoad(key, held.load)))).toEqual([red, red, red]);
  await vi.waitFor(() => expect(held.begun()).toBe(1), waiting);
  held.end({ ...red, version: 2 });
  await vi.waitFor(async () => expect((await cache.get(key))?.version).toBe(2), waiting);
  pass(30_001);
  const late = cache.getOrLoad(key, held.load);
  await vi.waitFor(() => expect(held.begun()).toBe(1), waiting);
  held.end({ ...red, version: 3 });
  expect((await late).version).toBe(3);
});

test('a source that fails is asked once a second while the old value lasts', async () => {
  const { cache, pass, telemetry } = things({ ttlSeconds: 10, staleSeconds: 20, localSecondsMax: 60 });
  const key = cache.tenant(tenantA).key('k');
  await cache.set(key, red);
  pass(10_001);
  const load = vi.fn<() => Promise<Thing>>(() => Promise.reject(new Error('away')));
  expect(await cache.getOrLoad(key, load)).toEqual(red);
  await vi.waitFor(() => expect(telemetry.lines).toHaveLength(1), waiting);
  expect(await cache.getOrLoad(key, load)).toEqual(red);
  expect(load).toHaveBeenCalledOnce();
  pass(1_001);
  expect(await cache.getOrLoad(key, load)).toEqual(red);
  await vi.waitFor(() => expect(load).toHaveBeenCalledTimes(2), waiting);
});

describe('after a delete', () => {
  test('nobody joins a load that began before, and what it read is not kept', async () => {
    const { cache } = things();
    const key = cache.tenant(tenantA).key('k');
    const slow = heldLoad<Thing>();
    const before = cache.getOrLoad(key, slow.load);
    await vi.waitFor(() => expect(slow.begun()).toBe(1), waiting);
    await cache.delete(key, { version: 2 });
    expect(await cache.getOrLoad(key, async () => ({ ...red, version: 2 }))).toEqual({ ...red, version: 2 });
    slow.end(red);
    expect(await before).toEqual(red);
    expect((await cache.get(key))?.version).toBe(2);
  });

  test('"there is none", read before, is not kept either', async () => {
    const { cache, pass } = things();
    const key = cache.tenant(tenantA).key('k');
    const slow = heldLoad<Thing | undefined>();
    const before = cache.getOrLoad(key, slow.load);
    await vi.waitFor(() => expect(slow.begun()).toBe(1), waiting);
    pass(1);
    await cache.delete(key);
    slow.end(undefined);
    await before;
    const load = vi.fn<() => Promise<Thing>>(async () => red);
    await cache.getOrLoad(key, load);
    expect(load).toHaveBeenCalledOnce();
  });

  test('of an older version the newer value stays', async () => {
    const { cache } = things();
    const key = cache.tenant(tenantA).key('k');
    await cache.set(key, { ...red, version: 7 });
    await cache.delete(key, { version: 7 });
    expect((await cache.get(key))?.version).toBe(7);
    await cache.set(key, { ...red, version: 6 });
    expect((await cache.get(key))?.version).toBe(7);
    await cache.delete(key, { version: 8 });
    expect(await cache.get(key)).toBeUndefined();
    await cache.set(key, { ...red, version: 7 });
    expect(await cache.get(key)).toBeUndefined();
  });

  test('by tag all values of one scope that carry it are gone, and those of others stay', async () => {
    const { cache } = things();
    const [a, b] = [cache.tenant(tenantA), cache.tenant(tenantB)];
    const warm = { ...red, colour: 'warm' };
    const slow = heldLoad<Thing>();
    const before = cache.getOrLoad(a.key('slow'), slow.load);
    await vi.waitFor(() => expect(slow.begun()).toBe(1), waiting);
    await cache.setMany([
      { key: a.key(1), value: warm },
      { key: a.key(2), value: warm },
      { key: a.key(3), value: red },
      { key: b.key(1), value: warm },
    ]);
    await cache.deleteByTag(a.tag('warm'));
    slow.end(warm);
    await before;
    const kept = await Promise.all(
      [a.key(1), a.key(2), a.key(3), a.key('slow'), b.key(1)].map((key) => cache.get(key)),
    );
    expect(kept).toEqual([undefined, undefined, red, undefined, warm]);
  });
});

test('16 loads run at once, the others wait', async () => {
  const { cache } = things();
  const held = heldLoad<Thing>();
  const all = Array.from({ length: 40 }, (_value, index) => cache.getOrLoad(cache.global.key(index), held.load));
  await vi.waitFor(() => expect(held.begun()).toBe(16), waiting);
  for (let ended = 0; ended < 40; ended += 1) {
    await vi.waitFor(() => expect(held.begun()).toBeGreaterThan(0), waiting);
    expect(held.begun()).toBeLessThanOrEqual(16);
    held.end(red);
  }
  expect(await Promise.all(all)).toHaveLength(40);
});

test('values are warmed in one call for those that are missing', async () => {
  const { cache } = things();
  const keys = [1, 2, 3].map((part) => cache.global.key(part));
  await cache.set(keys[0]!, red);
  const load = vi.fn<(missing: readonly { key: string }[]) => Promise<{ key: (typeof keys)[0]; value: Thing }[]>>(
    async (missing) => missing.map((key) => ({ key: key as (typeof keys)[0], value: { ...red, name: key.key } })),
  );
  expect(await cache.warm(keys, load)).toBe(2);
  expect(load).toHaveBeenCalledOnce();
  expect(await Promise.all(keys.map(async (key) => (await cache.get(key))?.name))).toEqual(['red', '2', '3']);
  expect(await cache.warm(keys, load)).toBe(0);
});

test('a value is given out as JSON makes it, frozen, and above 256 KiB not kept', async () => {
  const { metrics, logger, count } = testTelemetry();
  const any = createCaches({ service: 'demo', metrics, logger })({
    name: 'any',
    schema: { parse: (input: unknown) => input },
    schemaVersion: 1,
    ttlSeconds: 60,
    maxEntries: 10,
  });
  const key = any.global.key('k');
  const given = await any.getOrLoad(key, async () => ({ at: new Date(0), list: [{ deep: true }], gone: undefined }));
  expect(given).toEqual({ at: '1970-01-01T00:00:00.000Z', list: [{ deep: true }] });
  expect(() => ((given as unknown as { list: { deep: boolean }[] }).list[0]!.deep = false)).toThrow(TypeError);
  const large = any.global.key('large');
  expect(await any.getOrLoad(large, async () => 'x'.repeat(300_000))).toHaveLength(300_000);
  expect(await any.get(large)).toBeUndefined();
  expect(await count('cache_requests_total', { outcome: 'too-large' })).toBe(1);
});

test('keys of other parts, tenants and lengths are other keys', () => {
  const { cache } = things();
  const [a, b] = [cache.tenant(tenantA), cache.tenant(tenantB)];
  const keys = [
    a.key('x', 'y'),
    a.key('x:y'),
    a.key('x%3Ay'),
    a.key('', 'x', 'y'),
    a.key(''),
    a.key('', ''),
    a.key(),
    b.key('x', 'y'),
    cache.global.key('x', 'y'),
    a.key('l'.repeat(300)),
    a.key('l'.repeat(301)),
    a.key('l'.repeat(150), 'l'.repeat(150)),
  ];
  expect(new Set(keys.map(({ id }) => id)).size).toBe(keys.length);
  expect(Math.max(...keys.map(({ key }) => key.length))).toBeLessThanOrEqual(200);
  for (const wrong of ['', 'x', `${tenantA}:x`, '*']) expect(() => cache.tenant(wrong)).toThrow(TypeError);
});

test('least used values leave first, with their tags', async () => {
  const { cache } = things({ maxEntries: 2 });
  const keys = [1, 2, 3].map((part) => cache.global.key(part));
  for (const key of keys) await cache.set(key, { ...red, colour: 'warm' });
  expect(await Promise.all(keys.map(async (key) => (await cache.get(key)) !== undefined))).toEqual([false, true, true]);
  await cache.deleteByTag(cache.global.tag('warm'));
  expect(await cache.get(keys[2]!)).toBeUndefined();
});

test('events delete what they are about; missed events make the process forget', async () => {
  const { cache } = things();
  const keyOf = (name: string) => cache.tenant(tenantA).key(name);
  const events = invalidateOnEvents(cache, ({ name, version }: Thing) => [{ key: keyOf(name), version }]);
  await cache.set(keyOf('red'), red);
  await cache.set(keyOf('blue'), { name: 'blue', version: 1 });
  await events.handle({ name: 'red', version: 1 });
  expect(await cache.get(keyOf('red'))).toEqual(red);
  await events.handle({ name: 'red', version: 2 });
  expect(await cache.get(keyOf('red'))).toBeUndefined();
  await events.onReset();
  expect(await cache.get(keyOf('blue'))).toBeUndefined();
});

test.each([
  ['a name of other letters', { name: 'Things' }, /kebab-case/],
  ['no time', { ttlSeconds: 0 }, /above 0/],
  ['no entries', { maxEntries: 0 }, /maxEntries/],
  ['no schema version', { schemaVersion: 0 }, /schemaVersion/],
])('a definition with %s is refused', (_name, definition, message) => {
  expect(() => things(definition)).toThrow(message);
});

test('two caches of one name in a service are refused', () => {
  const { metrics, logger } = testTelemetry();
  const createCache = createCaches({ service: 'demo', metrics, logger });
  const definition = { name: 'twice', schema: { parse: String }, schemaVersion: 1, ttlSeconds: 1, maxEntries: 1 };
  createCache(definition);
  expect(() => createCache(definition)).toThrow(/two caches/);
});
