import { expect, test } from 'vitest';
import { rateSettings } from './rate-settings.ts';

test('what the file leaves out stays as the table has it', () => {
  const { policies } = rateSettings({ policies: { user: { limit: 60 }, ai: { shadow: true } } });
  expect(policies.user).toMatchObject({ limit: 60, periodSeconds: 60, burst: 150, shadow: false });
  expect(policies.ai).toMatchObject({ limit: 30, burst: 8, shadow: true });
  expect(policies.anonymous).toMatchObject({ limit: 100, periodSeconds: 900, burst: 100 });
});

test('a tenant has its own numbers, else those of its plan, else the common ones', () => {
  const settings = rateSettings({ policies: { tenant: { limit: 1_000 } }, tenants: { 't-1': { burst: 60 } } });
  expect(settings.tenantPolicy('t-1', 'enterprise')).toMatchObject({ name: 'tenant', limit: 1_000, burst: 60 });
  expect(settings.tenantPolicy('t-2', 'enterprise')).toMatchObject({ limit: 120_000, burst: 20_000 });
  expect(settings.tenantPolicy('t-2', 'free')).toMatchObject({ limit: 3_000, burst: 500 });
  for (const plan of ['standard', 'unheard of', 'constructor', undefined]) {
    expect(settings.tenantPolicy('t-2', plan)).toBe(settings.policies.tenant);
  }
});

test('shadow of the policy of tenants is that of every plan', () => {
  const settings = rateSettings({ policies: { tenant: { shadow: true } }, tenants: { 't-1': { burst: 60 } } });
  expect(settings.tenantPolicy('t-1', undefined).shadow).toBe(true);
  expect(settings.tenantPolicy('t-2', 'free').shadow).toBe(true);
});

test.each([
  ['a burst below what a class costs', { policies: { user: { burst: 49 } } }, /D9: user .* 49, class export costs 50/],
  ['that of keys', { policies: { 'api-key': { burst: 4 } } }, /D9: api-key .* class search costs 5/],
  ['that of one tenant', { tenants: { 't-1': { burst: 10 } } }, /D9: tenant t-1/],
  ['a policy nobody knows', { policies: { users: { burst: 60 } } }, /users/],
  ['a member nobody knows', { policies: { user: { brust: 60 } } }, /brust/],
  ['no number', { policies: { user: { limit: '600' } } }, /number/],
  ['a fraction', { policies: { user: { limit: 0.5 } } }, /int/],
  ['a burst that comes back in years', { policies: { user: { limit: 1, burst: 100_000_000 } } }, /within a year/],
  ['a list', [], /object/],
])('%s is refused', (_name, overrides, message) => {
  expect(() => rateSettings(overrides)).toThrow(message);
});

test('a burst of exactly what the dearest class costs is taken', () => {
  expect(rateSettings({ policies: { user: { burst: 50 } } }).policies.user.burst).toBe(50);
});
