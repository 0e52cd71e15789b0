import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testRedis } from '@idp/testing';
import {
  connectRedis,
  createLimiter,
  createMemoryLimits,
  createRedisLimits,
  defineRatePolicy,
  type Limiter,
  type LimitStore,
  type RedisConnection,
} from '../src/index.ts';
import { testTelemetry } from './telemetry.ts';

const { url, prefix } = await testRedis();
let redis: RedisConnection;
let other: RedisConnection;

beforeAll(async () => {
  // Patient: what is tested here is not the clock of a busy machine.
  [redis, other] = await Promise.all(
    [1, 2].map(() => connectRedis({ url, keyPrefix: prefix, timeoutMs: 10_000 })) as [
      Promise<RedisConnection>,
      Promise<RedisConnection>,
    ],
  );
});
afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
  await other?.[Symbol.asyncDispose]();
});

const limiterOn = (store: LimitStore): Limiter => createLimiter({ store, metrics: testTelemetry().metrics });
const slow = (name: string, burst: number) => defineRatePolicy({ name, limit: 1, periodSeconds: 3_600, burst });
let keys = 0;
const freshKey = (): string => `key-${(keys += 1)}`;

describe.each([
  ['in memory', () => createMemoryLimits()],
  ['on Redis', () => createRedisLimits({ redis })],
])('a limiter %s', (_name, store) => {
  test('admits exactly the burst of many calls at once', async () => {
    const limiter = limiterOn(store());
    const policy = slow('burst', 100);
    const key = freshKey();
    const decisions = await Promise.all(Array.from({ length: 120 }, () => limiter.consume('t', [{ policy, key }])));
    const admitted = decisions.filter(({ allowed }) => allowed);
    expect(admitted).toHaveLength(100);
    expect(admitted.map(({ remaining }) => remaining).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_value, index) => index),
    );
  });

  test('takes from all policies or from none, and names the one to wait for longest', async () => {
    const limiter = limiterOn(store());
    const [wide, narrow] = [
      slow('wide', 10),
      defineRatePolicy({ name: 'narrow', limit: 1, periodSeconds: 7_200, burst: 2 }),
    ];
    const charges = [
      { policy: wide, key: freshKey() },
      { policy: narrow, key: freshKey() },
    ];
    const decisions = await Promise.all(Array.from({ length: 9 }, () => limiter.consume('t', charges)));
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(2);
    const refused = decisions.find(({ allowed }) => !allowed)!;
    expect(refused).toMatchObject({ policy: 'narrow', remaining: 0 });
    expect(refused.retryAfterMs).toBeGreaterThan(7_000_000);
    const { states } = await limiter.peek('t', charges);
    expect(states.map(({ policy, remaining }) => [policy, remaining])).toEqual([
      ['wide', 8],
      ['narrow', 0],
    ]);
  });

  test('a peek takes nothing; a refund gives back what was taken, once', async () => {
    const limiter = limiterOn(store());
    const charges = [{ policy: slow('once', 1), key: freshKey() }];
    expect(await limiter.peek('t', charges)).toMatchObject({ allowed: true, remaining: 1, retryAfterMs: 0 });
    const first = await limiter.consume('t', charges);
    expect(first).toMatchObject({ allowed: true, policy: 'once', remaining: 0 });
    expect((await limiter.consume('t', charges)).allowed).toBe(false);
    await limiter.refund(first);
    await limiter.refund(first);
    const again = await limiter.consume('t', charges);
    expect(again.allowed).toBe(true);
    await limiter.refund(first);
    expect((await limiter.peek('t', charges)).allowed).toBe(false);
    await limiter.refund(await limiter.consume('t', charges));
    expect((await limiter.peek('t', charges)).allowed).toBe(false);
  });

  test('a call may cost more units, never more than the burst, and no key twice', async () => {
    const limiter = limiterOn(store());
    const policy = slow('units', 10);
    const key = freshKey();
    expect(await limiter.consume('t', [{ policy, key, cost: 7 }])).toMatchObject({ allowed: true, remaining: 3 });
    expect(await limiter.consume('t', [{ policy, key, cost: 4 }])).toMatchObject({ allowed: false, remaining: 3 });
    expect(await limiter.consume('t', [{ policy, key, cost: 3 }])).toMatchObject({ allowed: true, remaining: 0 });
    await expect(limiter.consume('t', [{ policy, key, cost: 11 }])).rejects.toThrow(/cannot cost 11 of 10/);
    const charge = { policy, key };
    await expect(limiter.consume('t', [charge, { ...charge }])).rejects.toThrow(/twice/);
    await expect(limiter.consume('a b', [charge])).rejects.toThrow(/tag/);
  });

  test('keys of any text and length are told apart', async () => {
    const limiter = limiterOn(store());
    const policy = slow('texts', 1);
    for (const key of ['', 'a', 'a:b', '{x}', '\u0000', '🦀', 'l'.repeat(500), 'l'.repeat(501)]) {
      expect((await limiter.consume('t', [{ policy, key }])).allowed, key).toBe(true);
      expect((await limiter.consume('t', [{ policy, key }])).allowed, key).toBe(false);
    }
  });
});

test('units come back one an interval: on a clock that is set, to the microsecond', async () => {
  let now = 5_000_000;
  const limiter = limiterOn(createMemoryLimits({ now: () => now }));
  const charges = [{ policy: defineRatePolicy({ name: 'p', limit: 4, periodSeconds: 1, burst: 2 }), key: 'k' }];
  expect((await limiter.consume('t', charges)).resetAfterMs).toBe(250);
  expect((await limiter.consume('t', charges)).resetAfterMs).toBe(500);
  expect(await limiter.consume('t', charges)).toMatchObject({ allowed: false, retryAfterMs: 250 });
  now += 249_999;
  expect(await limiter.consume('t', charges)).toMatchObject({ allowed: false, retryAfterMs: 1 });
  now += 1;
  expect((await limiter.consume('t', charges)).allowed).toBe(true);
  expect((await limiter.consume('t', charges)).allowed).toBe(false);
});

test('two processes on one Redis share one burst', async () => {
  const [one, two] = [limiterOn(createRedisLimits({ redis })), limiterOn(createRedisLimits({ redis: other }))];
  const charges = [{ policy: slow('shared', 50), key: freshKey() }];
  const decisions = await Promise.all(
    Array.from({ length: 80 }, (_value, index) => (index % 2 === 0 ? one : two).consume('t', charges)),
  );
  expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(50);
});

test('the state is one number that ends when the burst is whole again', async () => {
  const limiter = limiterOn(createRedisLimits({ redis }));
  const key = freshKey();
  const policy = defineRatePolicy({ name: 'ends', limit: 1, periodSeconds: 100, burst: 5 });
  const decision = await limiter.consume('t', [{ policy, key, cost: 2 }]);
  const name = `idp:rl:{t}:ends:${key}`;
  const [text, left] = await redis.run((client) => Promise.all([client.get(name), client.pttl(name)]));
  expect(text).toMatch(/^\d{16}$/);
  expect(left).toBeGreaterThan(150_000);
  expect(left).toBeLessThanOrEqual(200_000);
  await limiter.refund(decision);
  expect(await redis.run((client) => client.exists(name))).toBe(0);
});

test.each([
  ['text', 'hello'],
  ['not a number', 'nan'],
  ['infinity', 'inf'],
  ['a number far ahead', '9007199254740991'],
  ['many digits', '9'.repeat(400)],
  ['a negative number', '-5'],
  ['nothing', ''],
])('%s under a key of the limiter neither fails nor locks anybody out for longer than a burst', async (_name, text) => {
  const telemetry = testTelemetry();
  const store = createRedisLimits({ redis });
  const limiter = createLimiter({ store, metrics: telemetry.metrics });
  const key = freshKey();
  const policy = defineRatePolicy({ name: 'hostile', limit: 1, periodSeconds: 10, burst: 3 });
  await redis.run((client) => client.set(`idp:rl:{t}:hostile:${key}`, text));
  const { resetAfterMs } = await limiter.consume('t', [{ policy, key }]);
  expect(resetAfterMs).toBeLessThanOrEqual(30_000);
  expect(store.fallbacks()).toBe(0);
});

test('a key of another type is replaced', async () => {
  const limiter = limiterOn(createRedisLimits({ redis }));
  const key = freshKey();
  await redis.run((client) => client.rpush(`idp:rl:{t}:list:${key}`, 'x'));
  const charges = [{ policy: slow('list', 1), key }];
  expect((await limiter.consume('t', charges)).allowed).toBe(true);
  expect((await limiter.consume('t', charges)).allowed).toBe(false);
});

test('scripts that Redis has forgotten are sent again', async () => {
  const limiter = limiterOn(createRedisLimits({ redis }));
  const charges = [{ policy: slow('flushed', 2), key: freshKey() }];
  await limiter.consume('t', charges);
  await redis.run((client) => client.script('FLUSH'));
  expect(await limiter.consume('t', charges)).toMatchObject({ allowed: true, remaining: 0 });
});

test('the share of one of three replicas is a third, and one unit at least', async () => {
  const limiter = limiterOn(createMemoryLimits({ replicas: 3 }));
  const admitted = async (burst: number): Promise<number> => {
    const charges = [{ policy: slow(`share-${burst}`, burst), key: 'k' }];
    const all = await Promise.all(Array.from({ length: burst }, () => limiter.consume('t', charges)));
    return all.filter(({ allowed }) => allowed).length;
  };
  expect([await admitted(30), await admitted(10), await admitted(1)]).toEqual([10, 4, 1]);
});

test('limits that are switched off let everything pass', async () => {
  const { metrics } = testTelemetry();
  const limiter = createLimiter({ store: createMemoryLimits(), metrics, enforced: false });
  const charges = [{ policy: slow('off', 1), key: 'k' }];
  for (let call = 0; call < 3; call += 1) expect((await limiter.consume('t', charges)).allowed).toBe(true);
});

test('decisions are counted by policy', async () => {
  const telemetry = testTelemetry();
  const limiter = createLimiter({ store: createMemoryLimits(), metrics: telemetry.metrics });
  const charges = [
    { policy: slow('first', 2), key: 'k' },
    { policy: slow('second', 9), key: 'k' },
  ];
  for (let call = 0; call < 5; call += 1) await limiter.consume('t', charges);
  const count = (policy: string, outcome: string) => telemetry.count('rate_limit_decisions_total', { policy, outcome });
  expect(await count('first', 'allowed')).toBe(2);
  expect(await count('first', 'denied')).toBe(3);
  expect(await count('second', 'allowed')).toBe(2);
  expect(await count('second', 'denied')).toBe(0);
});

test('what is only observed is counted by itself and refuses nothing', async () => {
  const telemetry = testTelemetry();
  const limiter = createLimiter({ store: createMemoryLimits(), metrics: telemetry.metrics });
  const charges = [
    { policy: slow('tried', 2), key: 'k' },
    { policy: slow('wider', 9), key: 'k' },
  ];
  for (let call = 0; call < 5; call += 1) await limiter.observe('t', charges);
  const count = (policy: string, outcome: string) => telemetry.count('rate_limit_decisions_total', { policy, outcome });
  expect([await count('tried', 'allowed'), await count('tried', 'shadow_denied')]).toEqual([2, 3]);
  expect([await count('wider', 'allowed'), await count('wider', 'shadow_denied')]).toEqual([5, 0]);
});
