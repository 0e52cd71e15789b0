import { expect, test } from 'vitest';
import { describedRequest, writeRatePolicy } from './rated-request.ts';

type Entries = Record<string, string>;

function described(...descriptors: Entries[]) {
  return describedRequest({
    domain: 'idp',
    descriptors: descriptors.map((entries) => ({
      entries: Object.entries(entries).map(([key, value]) => ({ key, value })),
    })),
  });
}

const request = { class: 'search', route: 'catalog', method: 'GET', masked_remote_address: '192.0.2.7/32' };

test('a request without a credential', () => {
  expect(described(request)).toEqual({
    rated: { rateClass: 'search', route: 'catalog', address: '192.0.2.7', caller: undefined },
    backstage: undefined,
  });
});

test('one of a user, one of a key, and one of a key with a limit of its own', () => {
  const who = { tenant: 't-1', subject: 'u-1' };
  expect(described(request, who).rated.caller).toEqual({ tenantId: 't-1', subject: 'u-1', key: undefined });
  expect(described(request, { ...who, key: 'k-1', rate_policy: '-' }).rated.caller?.key).toEqual({ id: 'k-1' });
  const ratePolicy = { limit: 10, periodSeconds: 60, burst: 5 };
  const rated = described(request, { ...who, key: 'k-1', rate_policy: writeRatePolicy(ratePolicy) }).rated;
  expect(rated.caller?.key).toEqual({ id: 'k-1', ratePolicy });
});

test('a preflight is one of the cheap ones, an unknown class an ordinary one', () => {
  expect(described({ ...request, method: 'OPTIONS' }).rated.rateClass).toBe('static');
  expect(described({ ...request, class: 'gold' }).rated.rateClass).toBe('api');
  expect(described().rated).toEqual({ rateClass: 'api', route: '', address: '', caller: undefined });
});

test('the network of an IPv6 address and the place below a mount', () => {
  const mount = { mount: '/api/catalog', path: '/api/catalog/entities?limit=1' };
  const { rated, backstage } = described({ ...request, masked_remote_address: '2001:db8:1:2::/64', ...mount });
  expect(rated.address).toBe('2001:db8:1:2::');
  expect(backstage).toEqual({ method: 'GET', url: '/entities?limit=1' });
  expect(described({ ...request, ...mount, path: '/api/catalog' }).backstage?.url).toBe('/');
});
