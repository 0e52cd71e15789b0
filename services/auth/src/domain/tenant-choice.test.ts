import { expect, test } from 'vitest';
import { chooseTenant, type TenantOption } from './tenant-choice.ts';

const platformTenantId = 'platform-id';
const option = (slug: string, changes: Partial<TenantOption> = {}): TenantOption => ({
  id: `${slug}-id`,
  slug,
  name: slug,
  status: 'active',
  lastUsedAt: '2026-01-01T00:00:00Z',
  config: {},
  ...changes,
});
const platform = option('platform');

test('the only tenant is chosen', () => {
  const choice = chooseTenant([option('a'), platform], { platformTenantId });
  expect(choice).toMatchObject({ kind: 'chosen', reason: 'only', tenant: { slug: 'a' } });
});

test('of several the one used last is chosen', () => {
  const options = [option('a'), option('b', { lastUsedAt: '2026-01-01T00:00:00.01Z' }), option('c')];
  expect(chooseTenant(options, { platformTenantId })).toMatchObject({ reason: 'last-used', tenant: { slug: 'b' } });
});

test('a request names it by slug or id', () => {
  const options = [option('a'), option('b')];
  for (const requested of ['b', 'b-id']) {
    expect(chooseTenant(options, { platformTenantId, requested })).toMatchObject({
      reason: 'request',
      tenant: { slug: 'b' },
    });
  }
});

test('a tenant the user is no member of is none', () => {
  expect(chooseTenant([option('a')], { platformTenantId, requested: 'b' })).toEqual({ kind: 'none' });
  expect(chooseTenant([], { platformTenantId })).toEqual({ kind: 'none' });
});

test('the platform tenant is chosen only by name', () => {
  expect(chooseTenant([platform], { platformTenantId })).toEqual({ kind: 'none' });
  expect(chooseTenant([platform], { platformTenantId, requested: 'platform' })).toMatchObject({ reason: 'request' });
});

test('a suspended tenant is passed over, and named when there is no other', () => {
  const suspended = option('a', { status: 'suspended' });
  expect(chooseTenant([suspended, option('b')], { platformTenantId })).toMatchObject({ tenant: { slug: 'b' } });
  expect(chooseTenant([suspended], { platformTenantId })).toEqual({ kind: 'suspended' });
  expect(chooseTenant([option('a', { status: 'deleting' })], { platformTenantId })).toEqual({ kind: 'none' });
});
