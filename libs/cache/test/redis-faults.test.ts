import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { testRedis } from '@idp/testing';
import { startRedis } from '@idp/tools';
import { connectRedis, createLimiter, createSharedState, defineRatePolicy, type SharedState } from '../src/index.ts';
import { testTelemetry } from './telemetry.ts';
import { heldLoad, tenantA, things, type Thing } from './things.ts';

// Skips this file, or fails it, where there is no Redis. The servers of these tests are their own, to be killed.
await testRedis();

const red: Thing = { name: 'red', version: 1 };
const waiting = { timeout: 15_000, interval: 20 };
let directory: string;
let server: Awaited<ReturnType<typeof startRedis>>;
let state: SharedState;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-cache-'));
  server = await startRedis({ directory });
  state = await createSharedState({ redis: { url: server.url, timeoutMs: 1_000, retryMs: 100 }, replicas: 2 });
});
afterEach(async () => {
  await state?.[Symbol.asyncDispose]();
  await server?.kill();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

const untilAvailable = (wanted: boolean) => vi.waitFor(() => expect(state.redis!.available()).toBe(wanted), waiting);

test('Redis killed and started again under load: no error, no wrong value, limits and cache return by themselves', async () => {
  const { cache, telemetry } = things({ redis: state.redis!, localSecondsMax: 0 });
  const limiter = createLimiter({ store: state.limits, metrics: telemetry.metrics });
  const policy = defineRatePolicy({ name: 'load', limit: 1_000_000, periodSeconds: 1, burst: 1_000_000 });
  const rows = Array.from({ length: 20 }, (_value, index) => ({ name: `row ${index}`, version: 1 }));
  const errors: unknown[] = [];
  let [running, answers] = [true, 0];

  async function caller(seed: number): Promise<void> {
    for (let turn = seed; running; turn += 7) {
      const row = rows[turn % rows.length]!;
      const key = cache.tenant(tenantA).key(turn % rows.length);
      try {
        if (turn % 5 === 0) {
          row.version += 1;
          await cache.delete(key, { version: row.version });
        }
        const written = row.version;
        const seen = await cache.getOrLoad(key, async () => ({ ...row }));
        if (seen.version < written) errors.push(new Error(`version ${seen.version} after ${written}`));
        const decision = await limiter.consume('load', [{ policy, key: 'k' }]);
        if (!decision.allowed) errors.push(new Error('refused'));
        answers += 1;
      } catch (error) {
        errors.push(error);
      }
      await pause(1);
    }
  }

  const callers = Array.from({ length: 12 }, (_value, seed) => caller(seed));
  const progress = async (calls = 200): Promise<void> => {
    const from = answers;
    await vi.waitFor(() => expect(answers).toBeGreaterThan(from + calls), waiting);
  };
  const hits = () => telemetry.count('cache_requests_total', { level: 'l2', outcome: 'hit' });
  await progress();
  expect(await hits()).toBeGreaterThan(0);
  for (let cycle = 0; cycle < 3; cycle += 1) {
    await server.kill();
    await untilAvailable(false);
    await progress();
    const [fallbacks, before] = [state.limits.fallbacks(), await hits()];
    expect(fallbacks).toBeGreaterThan(0);
    await server.start();
    await untilAvailable(true);
    await vi.waitFor(async () => expect(await hits()).toBeGreaterThan(before), waiting);
    const settled = state.limits.fallbacks();
    await progress();
    expect(state.limits.fallbacks()).toBeLessThanOrEqual(settled + callers.length);
  }
  running = false;
  await Promise.all(callers);
  expect(errors).toEqual([]);
});

test('a frozen Redis is left alone, and what was deleted meanwhile is never read from it again', async () => {
  const { cache, telemetry } = things({ redis: state.redis!, localSecondsMax: 0 });
  const limiter = createLimiter({ store: state.limits, metrics: telemetry.metrics });
  const key = cache.tenant(tenantA).key('k');
  await cache.set(key, red);
  expect(await cache.get(key)).toEqual(red);
  process.kill(server.pid!, 'SIGSTOP');
  const policy = defineRatePolicy({ name: 'frozen', limit: 1, periodSeconds: 3_600, burst: 10 });
  const decisions = await Promise.all(Array.from({ length: 12 }, () => limiter.consume('t', [{ policy, key: 'k' }])));
  expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(5);
  await cache.delete(key, { version: 2 });
  expect(state.redis!.available()).toBe(false);
  expect(await cache.getOrLoad(key, async () => ({ ...red, version: 2 }))).toMatchObject({ version: 2 });
  process.kill(server.pid!, 'SIGCONT');
  await untilAvailable(true);
  const asked = () => telemetry.count('cache_requests_total', { level: 'l2', outcome: 'miss' });
  const before = await asked();
  await vi.waitFor(async () => {
    expect(await cache.get(key)).toBeUndefined();
    expect(await asked()).toBeGreaterThan(before);
  }, waiting);
});

test('a load that began before a freeze does not put an old row back after it', async () => {
  const { cache, pass } = things({ redis: state.redis! });
  const key = cache.tenant(tenantA).key('k');
  const held = heldLoad<Thing>();
  const slow = cache.getOrLoad(key, held.load);
  await vi.waitFor(() => expect(held.begun()).toBe(1), waiting);
  process.kill(server.pid!, 'SIGSTOP');
  await cache.delete(key, { version: 2 });
  held.end(red);
  await slow;
  process.kill(server.pid!, 'SIGCONT');
  await untilAvailable(true);
  const other = await connectRedis({ url: server.url, timeoutMs: 5_000 });
  await vi.waitFor(async () => {
    // Until the delete is repeated nothing goes to Redis, and what is kept here meanwhile has to end first.
    pass(1_000);
    await cache.getOrLoad(key, async () => ({ ...red, version: 2 }));
    expect(await things({ redis: other }).cache.get(key)).toMatchObject({ version: 2 });
  }, waiting);
  await other[Symbol.asyncDispose]();
});

test('a flushed Redis is filled again', async () => {
  const { cache, telemetry } = things({ redis: state.redis!, localSecondsMax: 0 });
  const key = cache.tenant(tenantA).key('k');
  await cache.set(key, red);
  await state.redis!.run((client) => client.flushall());
  await state.redis!.run((client) => client.script('FLUSH'));
  const load = vi.fn<() => Promise<Thing>>(async () => red);
  expect(await cache.getOrLoad(key, load)).toEqual(red);
  await vi.waitFor(async () => expect(await cache.get(key)).toEqual(red), waiting);
  expect(load).toHaveBeenCalledOnce();
  expect(await telemetry.count('cache_requests_total', { level: 'l2', outcome: 'unavailable' })).toBe(0);
});

test('a Redis without memory still forgets', async () => {
  const { cache } = things({ redis: state.redis!, localSecondsMax: 0 });
  const key = cache.tenant(tenantA).key('k');
  await cache.set(key, red);
  await state.redis!.run((client) => client.config('SET', 'maxmemory', '1'));
  await cache.delete(key, { version: 2 });
  const newer = { ...red, version: 2 };
  expect(await cache.getOrLoad(key, async () => newer)).toEqual(newer);
  await state.redis!.run((client) => client.config('SET', 'maxmemory', '0'));
  await cache.getOrLoad(key, async () => newer);
  await vi.waitFor(async () => expect(await cache.get(key)).toEqual(newer), waiting);
});

test('a Redis that is away stops no start and is used when it comes', async () => {
  await server.kill();
  const { telemetry } = things();
  await using away = await createSharedState({ redis: { url: server.url, timeoutMs: 1_000, retryMs: 100 } });
  const { cache } = things({ redis: away.redis! });
  const limiter = createLimiter({ store: away.limits, metrics: telemetry.metrics });
  const policy = defineRatePolicy({ name: 'away', limit: 1, periodSeconds: 3_600, burst: 1 });
  expect(away.redis!.available()).toBe(false);
  expect(await cache.getOrLoad(cache.global.key('k'), async () => red)).toEqual(red);
  expect((await limiter.consume('t', [{ policy, key: 'k' }])).allowed).toBe(true);
  expect((await limiter.consume('t', [{ policy, key: 'k' }])).allowed).toBe(false);
  expect(await testTelemetry().count('rate_limit_fallback')).toBe(0);
  expect(await telemetry.count('rate_limit_fallback')).toBe(2);
  await server.start();
  await vi.waitFor(() => expect(away.redis!.available()).toBe(true), waiting);
  expect((await limiter.consume('t', [{ policy, key: 'k' }])).allowed).toBe(true);
  expect(await telemetry.count('rate_limit_fallback')).toBe(2);
});

test('messages reach listeners of the other process, again after a restart', async () => {
  await using other = await createSharedState({ redis: { url: server.url, timeoutMs: 1_000, retryMs: 100 } });
  const heard: string[] = [];
  const end = other.redis!.subscribe('news', (message) => heard.push(message));
  const hear = async (message: string) => {
    await vi.waitFor(() => {
      state.redis!.publish('news', message);
      expect(heard).toContain(message);
    }, waiting);
  };
  await hear('first');
  await server.kill();
  await untilAvailable(false);
  await server.start();
  await untilAvailable(true);
  await hear('second');
  end();
});
