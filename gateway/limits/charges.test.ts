import { expect, test } from 'vitest';
import { chargesOf, type RatedCaller, type RequestCharges } from './charges.ts';
import { rateSettings } from './rate-settings.ts';
import type { RateClass } from './rate-table.ts';

const settings = rateSettings();
const address = '192.0.2.7';
const user: RatedCaller = { tenantId: 't-1', subject: 'u-1' };
const key: RatedCaller = { ...user, key: { id: 'k-1' } };
const noPlan = (): undefined => undefined;

function charged(charges: RequestCharges | undefined): string[] | undefined {
  return charges?.enforced.map(({ policy, key: by, cost = 1 }) => `${policy.name} ${by} ${cost}`);
}

function of(rateClass: RateClass, caller?: RatedCaller): string[] | undefined {
  return charged(chargesOf(settings, noPlan, { rateClass, route: 'r', address, caller }));
}

test.each<[RateClass, string[] | undefined, string[] | undefined, string[] | undefined]>([
  ['api', ['anonymous 192.0.2.7 1'], ['user u-1 1', 'tenant t-1 1'], ['api-key k-1 1', 'tenant t-1 1']],
  ['login', ['login 192.0.2.7 1'], ['user u-1 1', 'tenant t-1 1'], ['api-key k-1 1', 'tenant t-1 1']],
  ['token', ['token 192.0.2.7 1'], ['user u-1 1', 'tenant t-1 1'], ['api-key k-1 1', 'tenant t-1 1']],
  ['static', ['static 192.0.2.7 1'], ['user u-1 1', 'tenant t-1 1'], ['api-key k-1 1', 'tenant t-1 1']],
  ['webhook', ['webhook 192.0.2.7|r 1'], ['user u-1 1', 'tenant t-1 1'], ['api-key k-1 1', 'tenant t-1 1']],
  [
    'ai',
    ['anonymous 192.0.2.7 1'],
    ['user u-1 1', 'tenant t-1 1', 'ai u-1 1'],
    ['api-key k-1 1', 'tenant t-1 1', 'ai u-1 1'],
  ],
  ['ingest', ['anonymous 192.0.2.7 1'], ['user u-1 1', 'tenant t-1 1'], ['ingest k-1 1', 'tenant t-1 1']],
  ['search', ['anonymous 192.0.2.7 1'], ['user u-1 5', 'tenant t-1 5'], ['api-key k-1 5', 'tenant t-1 5']],
  ['export', ['anonymous 192.0.2.7 1'], ['user u-1 50', 'tenant t-1 50'], ['api-key k-1 50', 'tenant t-1 50']],
  ['none', undefined, undefined, undefined],
])('%s is charged to %j without a credential, to %j for a user, to %j for a key', (rateClass, none, ofUser, ofKey) => {
  expect([of(rateClass), of(rateClass, user), of(rateClass, key)]).toEqual([none, ofUser, ofKey]);
});

test('a key with a limit of its own is held to that, and gives its whole burst for what costs more', () => {
  const ratePolicy = { limit: 10, periodSeconds: 3_600, burst: 20 };
  const caller = { ...user, key: { id: 'k-1', ratePolicy } };
  const charges = chargesOf(settings, noPlan, { rateClass: 'export', route: 'r', address, caller });
  expect(charges?.enforced[0]).toMatchObject({ policy: { name: 'api-key', ...ratePolicy }, key: 'k-1', cost: 20 });
});

test('the plan of the tenant decides about its policy', () => {
  const request = { rateClass: 'api', route: 'r', address, caller: user } as const;
  const charges = chargesOf(settings, (tenantId) => (tenantId === 't-1' ? 'free' : undefined), request);
  expect(charges?.enforced[1]?.policy).toMatchObject({ name: 'tenant', limit: 3_000, burst: 500 });
});

test.each([
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::9', '2001:db8:1:3::/64'],
  ['198.51.100.9', '198.51.100.9'],
  ['', 'unknown'],
  ['{x} y', 'unknown'],
])('%j is counted as %s', (from, network) => {
  const charges = chargesOf(settings, noPlan, { rateClass: 'api', route: 'r', address: from });
  expect(charged(charges)).toEqual([`anonymous ${network} 1`]);
  expect(charges?.tag).toMatch(/^[A-Za-z0-9._:-]{1,64}$/);
});

test('what is in shadow is observed and not enforced', () => {
  const shadowed = rateSettings({ policies: { user: { shadow: true } } });
  const charges = chargesOf(shadowed, noPlan, { rateClass: 'api', route: 'r', address, caller: user });
  expect(charged(charges)).toEqual(['tenant t-1 1']);
  expect(charges?.observed.map(({ policy }) => policy.name)).toEqual(['user']);
});
