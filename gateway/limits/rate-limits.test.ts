import { createLimiter, createMemoryLimits } from '@idp/cache';
import { createTelemetry } from '@idp/telemetry';
import { beforeEach, expect, test } from 'vitest';
import type { RatedCaller } from './charges.ts';
import { createRateLimits, type RateLimits, type RateVerdict } from './rate-limits.ts';
import { rateSettings } from './rate-settings.ts';
import type { RateClass } from './rate-table.ts';

const second = 1_000_000;
let now: number;
let { metrics } = createTelemetry({ service: 'test', version: '1', level: 'silent' });

beforeEach(() => {
  now = 1_000 * second;
  ({ metrics } = createTelemetry({ service: 'test', version: '1', level: 'silent' }));
});

function limitsOf(overrides: object = {}): RateLimits {
  const settings = rateSettings(overrides);
  const limiter = createLimiter({ store: createMemoryLimits({ now: () => now }), metrics });
  return createRateLimits({ limiter, settings: () => settings, planOf: () => undefined });
}

const caller = (subject: string, key?: string): RatedCaller => ({
  tenantId: 't-1',
  subject,
  key: key === undefined ? undefined : { id: key },
});

function request(from: RatedCaller | undefined, rateClass: RateClass = 'api', address = '192.0.2.7') {
  return { rateClass, route: 'r', address, caller: from };
}

async function admitted(limits: RateLimits, times: number, ...what: Parameters<typeof request>): Promise<number> {
  let count = 0;
  for (let time = 0; time < times; time += 1) {
    if ((await limits.take(request(...what)))?.refusal === undefined) count += 1;
  }
  return count;
}

test('from rest exactly the burst passes, then one for each interval', async () => {
  const limits = limitsOf();
  expect(await admitted(limits, 200, caller('u-1'))).toBe(150);
  now += second / 10 - 1;
  expect(await admitted(limits, 2, caller('u-1'))).toBe(0);
  now += 1;
  expect(await admitted(limits, 2, caller('u-1'))).toBe(1);
  now += 3 * second;
  expect(await admitted(limits, 99, caller('u-1'))).toBe(30);
  now += 3_600 * second;
  expect(await admitted(limits, 200, caller('u-1'))).toBe(150);
});

test('two users behind one address have budgets of their own, and so have two keys of one user; the tenant has one', async () => {
  const limits = limitsOf({ tenants: { 't-1': { burst: 700 } } });
  expect(await admitted(limits, 200, caller('u-1'))).toBe(150);
  expect(await admitted(limits, 200, caller('u-2'))).toBe(150);
  expect(await admitted(limits, 350, caller('u-1', 'k-1'))).toBe(300);
  expect(await admitted(limits, 350, caller('u-1', 'k-2'))).toBe(100);
});

test('what the tenant is refused takes nothing from the user', async () => {
  const limits = limitsOf({ tenants: { 't-1': { limit: 60, periodSeconds: 60, burst: 50 } } });
  expect(await admitted(limits, 50, caller('u-2'))).toBe(50);
  const refused = await limits.take(request(caller('u-1')));
  expect(refused?.refusal?.details).toEqual({ policy: 'tenant' });
  const left = Object.fromEntries((await limits.show(caller('u-1'))).map((each) => [each.policy, each.remaining]));
  expect(left).toEqual({ user: 150, tenant: 0, ai: 8 });
});

test('a class costs more, or is counted by something else besides', async () => {
  const limits = limitsOf();
  expect(await admitted(limits, 50, caller('u-1'), 'search')).toBe(30);
  expect(await admitted(limits, 9, caller('u-2'), 'export')).toBe(3);
  expect(await admitted(limits, 20, caller('u-3'), 'ai')).toBe(8);
  expect(await admitted(limits, 2_000, caller('u-4', 'k-4'), 'ingest')).toBe(1_500);
  expect(await admitted(limits, 400, caller('u-4', 'k-4'))).toBe(300);
});

test('networks without a credential are counted apart, a failed key check with them', async () => {
  const limits = limitsOf();
  for (let time = 0; time < 60; time += 1) await limits.takeFailedKey('2001:db8::1');
  expect(await admitted(limits, 60, undefined, 'api', '2001:db8::2')).toBe(40);
  expect(await admitted(limits, 120, undefined, 'api', '2001:db8:0:1::2')).toBe(100);
  expect(await admitted(limits, 120, undefined, 'login', '2001:db8::2')).toBe(60);
});

test('the headers name the policy nearest to exhaustion and what is left of it', async () => {
  const limits = limitsOf();
  expect((await limits.take(request(caller('u-1'), 'ai')))?.headers).toEqual({
    'ratelimit-policy': '"user";q=600;w=60, "tenant";q=30000;w=60, "ai";q=30;w=60',
    ratelimit: '"ai";r=7;t=2',
    'ratelimit-limit': '30',
    'ratelimit-remaining': '7',
    'ratelimit-reset': '2',
  });
  expect((await limits.take(request(undefined)))?.headers).toMatchObject({
    'ratelimit-policy': '"anonymous";q=100;w=900',
    ratelimit: '"anonymous";r=99;t=9',
  });
});

test('waiting as long as a refusal says is enough, whatever was asked for', async () => {
  const limits = limitsOf({ policies: { user: { limit: 7, periodSeconds: 11 } } });
  const from = caller('u-1');
  for (const rateClass of ['api', 'search', 'export', 'ai'] as const) {
    let verdict: RateVerdict | undefined;
    for (let time = 0; time < 40; time += 1) {
      verdict = await limits.take(request(from, rateClass));
      if (verdict?.refusal === undefined) continue;
      now += Math.ceil(verdict.refusal.retryAfterSeconds!) * second;
      expect((await limits.take(request(from, rateClass)))?.refusal, rateClass).toBeUndefined();
    }
    expect(verdict).toBeDefined();
  }
});

test('a policy in shadow is counted, refuses nothing and is never shown', async () => {
  const limits = limitsOf({ policies: { user: { shadow: true, limit: 60, burst: 50 } } });
  expect(await admitted(limits, 60, caller('u-1'))).toBe(60);
  expect((await limits.take(request(caller('u-1'))))?.headers['ratelimit-policy']).toBe('"tenant";q=30000;w=60');
  expect((await limits.show(caller('u-1'))).map(({ policy }) => policy)).toEqual(['tenant', 'ai']);
  const text = await metrics.registry.metrics();
  expect(text).toContain('rate_limit_decisions_total{policy="user",outcome="shadow_denied",service="test"} 11');
  expect(text).toContain('rate_limit_decisions_total{policy="user",outcome="allowed",service="test"} 50');
});

test('with every policy in shadow nothing is told; switched off, nothing is counted', async () => {
  const all = limitsOf({ policies: { user: { shadow: true }, tenant: { shadow: true }, ai: { shadow: true } } });
  expect(await all.take(request(caller('u-1')))).toBeUndefined();
  expect(await all.show(caller('u-1'))).toEqual([]);
  const limiter = createLimiter({ store: createMemoryLimits(), metrics });
  const off = createRateLimits({ limiter, settings: rateSettings, planOf: () => undefined, enforced: false });
  expect(await off.take(request(undefined))).toBeUndefined();
  expect(await off.takeFailedKey('192.0.2.7')).toBeUndefined();
  expect(await off.show(caller('u-1'))).toEqual([]);
});

test('what is asked for nothing takes nothing', async () => {
  const limits = limitsOf();
  expect(await limits.take(request(caller('u-1'), 'none'))).toBeUndefined();
  const before = await limits.show(caller('u-1', 'k-1'));
  expect(await limits.show(caller('u-1', 'k-1'))).toEqual(before);
  expect(before).toContainEqual({
    policy: 'api-key',
    limit: 1_200,
    periodSeconds: 60,
    burst: 300,
    remaining: 300,
    resetSeconds: 0,
  });
  expect(before.map(({ policy }) => policy)).toEqual(['api-key', 'tenant', 'ai', 'ingest']);
});
