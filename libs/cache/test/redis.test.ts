import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { testRedis } from '@idp/testing';
import { connectRedis, type CacheKey, type RedisConnection } from '../src/index.ts';
import { heldLoad, tenantA, tenantB, things, type Thing, type Things } from './things.ts';

/** A loaded machine needs its time. */
const waiting = { timeout: 15_000, interval: 5 };

const { url, prefix } = await testRedis();
const red: Thing = { name: 'red', version: 1 };
let redis: RedisConnection;
let other: RedisConnection;
let one: Things;
let two: Things;
let keys = 0;

beforeAll(async () => {
  const connect = () => connectRedis({ url, keyPrefix: prefix, timeoutMs: 10_000 });
  redis = await connect();
  other = await connect();
});
afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
  await other?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  one = things({ redis });
  two = things({ redis: other });
});

const freshKey = (): CacheKey => one.cache.tenant(tenantA).key('key', (keys += 1));
const nameOf = ({ key }: CacheKey, kind = 'v'): string => `idp:demo:t:${tenantA}:things:${kind}1:${key}`;
const isShared = (key: CacheKey) =>
  vi.waitFor(async () => expect(await redis.run((client) => client.exists(nameOf(key)))).toBe(1));

describe('two processes', () => {
  test('load a key once, and see each other’s values', async () => {
    const key = freshKey();
    await one.cache.getOrLoad(key, async () => red);
    await isShared(key);
    expect(await two.cache.getOrLoad(key, () => Promise.reject(new Error('not needed')))).toEqual(red);
    expect(await two.telemetry.count('cache_requests_total', { level: 'l2', outcome: 'hit' })).toBe(1);
    const none = freshKey();
    await one.cache.getOrLoad(none, async (): Promise<Thing | undefined> => undefined);
    await isShared(none);
    const load = vi.fn<() => Promise<Thing | undefined>>(async () => red);
    expect(await two.cache.getOrLoad(none, load)).toBeUndefined();
    expect(load).not.toHaveBeenCalled();
  });

  test('a write is seen everywhere within 5 s, also when a slow reader still holds the old row', async () => {
    const key = freshKey();
    const held = heldLoad<Thing>();
    const slow = one.cache.getOrLoad(key, held.load);
    await vi.waitFor(() => expect(held.begun()).toBe(1), waiting);
    await two.cache.delete(key, { version: 2 });
    held.end(red);
    expect(await slow).toEqual(red);
    await vi.waitFor(async () => expect(await one.cache.get(key)).toBeUndefined(), waiting);
    expect(await two.cache.getOrLoad(key, async () => ({ ...red, version: 2 }))).toMatchObject({ version: 2 });
    await isShared(key);
    expect(await one.cache.get(key)).toMatchObject({ version: 2 });
    await one.cache.delete(key, { version: 3 });
    expect(await two.cache.get(key)).toMatchObject({ version: 2 });
    two.pass(5_000);
    expect(await two.cache.get(key)).toBeUndefined();
  });

  test('a slow load without row version does not come back after a delete', async () => {
    const key = freshKey();
    const held = heldLoad<Thing | undefined>();
    const slow = one.cache.getOrLoad(key, held.load);
    await vi.waitFor(() => expect(held.begun()).toBe(1), waiting);
    await two.cache.delete(key);
    held.end(undefined);
    await slow;
    await vi.waitFor(async () => {
      const load = vi.fn<() => Promise<Thing | undefined>>(async () => red);
      await one.cache.getOrLoad(key, load);
      expect(load).toHaveBeenCalledOnce();
    });
    expect(await redis.run((client) => client.exists(nameOf(key)))).toBe(1);
  });

  test('an older row never replaces a newer one, in any order of arrival', async () => {
    const key = freshKey();
    const versions = [3, 1, 5, 2, 4];
    await Promise.all(versions.map((version, index) => (index % 2 ? one : two).cache.set(key, { ...red, version })));
    one.cache.clearLocal();
    expect(await one.cache.get(key)).toMatchObject({ version: 5 });
  });

  test('a tag deletes the values of its tenant in both, and what was being read with it', async () => {
    const [a, b] = [one.cache.tenant(tenantA), one.cache.tenant(tenantB)];
    const [tagged, plain, held] = [freshKey(), freshKey(), heldLoad<Thing>()];
    const foreign = b.key('foreign');
    const colour = `c${(keys += 1)}`;
    await two.cache.setMany([
      { key: tagged, value: { ...red, colour } },
      { key: plain, value: red },
      { key: foreign, value: { ...red, colour } },
    ]);
    const slowKey = freshKey();
    const slow = two.cache.getOrLoad(slowKey, held.load);
    await vi.waitFor(() => expect(held.begun()).toBe(1), waiting);
    await one.cache.deleteByTag(a.tag(colour));
    held.end({ ...red, colour });
    await slow;
    one.cache.clearLocal();
    expect(await one.cache.get(tagged)).toBeUndefined();
    expect(await one.cache.get(slowKey)).toBeUndefined();
    expect(await one.cache.get(plain)).toEqual(red);
    expect(await one.cache.get(foreign)).toMatchObject({ colour });
  });
});

test('values end: 60 s ± 10 % and their stale time later, floors after 30 s', async () => {
  const key = freshKey();
  const stale = things({ redis, staleSeconds: 40 });
  await stale.cache.set(key, red);
  await stale.cache.delete(freshKey());
  const left = await redis.run((client) => client.pttl(nameOf(key)));
  expect(left).toBeGreaterThan(90_000);
  expect(left).toBeLessThanOrEqual(100_000);
  const gone = freshKey();
  await stale.cache.delete(gone);
  expect(await redis.run((client) => client.pttl(nameOf(gone, 'f')))).toBeLessThanOrEqual(30_000);
});

test('an old value of Redis is served while it is renewed', async () => {
  const key = freshKey();
  const stale = things({ redis, ttlSeconds: 10, staleSeconds: 20 });
  await stale.cache.set(key, red);
  await redis.run((client) => client.pexpire(nameOf(key), 15_000));
  stale.cache.clearLocal();
  expect(await stale.cache.getOrLoad(key, async () => ({ ...red, version: 2 }))).toEqual(red);
  await vi.waitFor(async () => expect(await stale.cache.get(key)).toMatchObject({ version: 2 }), waiting);
});

describe('foreign bytes in Redis', () => {
  const valid = '1|-|5|v';
  const hostile: [string, string | Buffer][] = [
    ['text', 'hello'],
    ['JSON without head', '{"name":"red","version":1}'],
    ['a cut value', `${valid}{"name":"re`],
    ['no value', valid],
    ['a value of another shape', `${valid}{"name":1,"version":1}`],
    ['a member of the prototype', `${valid}{"__proto__":{"name":"red"},"version":1}`],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x00, 0x31, 0x7c])],
    ['a value above the limit', `${valid}"${'x'.repeat(400_000)}"`],
    ['deep nesting', `${valid}${'['.repeat(100_000)}`],
    ['a version that is no number', `1|x|5|v{"name":"red","version":1}`],
    ['"there is none" with something behind', '1|-|5|n{}'],
  ];

  test.each(hostile)('%s is a miss: it is counted, removed and replaced', async (_name, bytes) => {
    const key = freshKey();
    await redis.run((client) => client.set(nameOf(key), bytes, 'PX', 60_000));
    expect(await one.cache.get(key)).toBeUndefined();
    expect(await one.telemetry.count('cache_requests_total', { level: 'l2', outcome: 'invalid' })).toBe(1);
    expect(await redis.run((client) => client.exists(nameOf(key)))).toBe(0);
    await redis.run((client) => client.set(nameOf(key), bytes, 'PX', 60_000));
    expect(await one.cache.getOrLoad(key, async () => red)).toEqual(red);
    await vi.waitFor(async () => expect(await two.cache.get(key)).toEqual(red), waiting);
  });

  test('a value without end is not believed', async () => {
    const key = freshKey();
    await redis.run((client) => client.set(nameOf(key), `${valid}{"name":"old","version":1}`));
    expect(await one.cache.getOrLoad(key, async () => red)).toEqual(red);
  });

  test('keys of other types are replaced: values, floors and tags', async () => {
    const key = freshKey();
    const colour = `c${(keys += 1)}`;
    for (const [kind, name] of [
      ['v', key.key],
      ['f', key.key],
      ['g', colour],
      ['h', colour],
    ] as const) {
      await redis.run((client) => client.rpush(nameOf({ ...key, key: name }, kind), 'x'));
    }
    expect(await one.cache.getOrLoad(key, async () => ({ ...red, colour }))).toMatchObject({ colour });
    await vi.waitFor(async () => expect(await two.cache.get(key)).toMatchObject({ colour }), waiting);
    await two.cache.deleteByTag(two.cache.tenant(tenantA).tag(colour));
    one.cache.clearLocal();
    expect(await one.cache.get(key)).toBeUndefined();
  });

  test('a floor of a time to come blocks nobody', async () => {
    const key = freshKey();
    await redis.run((client) => client.set(nameOf(key, 'f'), '1|-|99999999999999999|'));
    await one.cache.set(key, red);
    expect(await two.cache.get(key)).toEqual(red);
  });
});

test('another schema version, service and tenant read nothing of it', async () => {
  const key = freshKey();
  await one.cache.set(key, red);
  expect(await things({ redis, schemaVersion: 2 }).cache.get(key)).toBeUndefined();
  expect(await things({ redis, name: 'other-things' }).cache.get(key)).toBeUndefined();
  const foreign = one.cache.tenant(tenantB).key(...key.key.split(':'));
  expect(await two.cache.get(foreign)).toBeUndefined();
});

test('values are warmed in one look and one load', async () => {
  const scope = one.cache.tenant(tenantA);
  const all = [1, 2, 3].map((part) => scope.key('warm', (keys += 1), part));
  await two.cache.set(all[0]!, red);
  expect(await one.cache.warm(all, async (missing) => missing.map((key) => ({ key, value: red })))).toBe(2);
  expect(await Promise.all(all.map((key) => two.cache.get(key)))).toEqual([red, red, red]);
});
