import { expect, test } from 'vitest';
import { createDeviceCookie } from './device-cookie.ts';

test('over TLS the cookie belongs to this host alone', () => {
  const cookie = createDeviceCookie('https://idp.example');
  expect(cookie.write('d1.x')).toBe(
    '__Host-idp_device=d1.x; Path=/; Max-Age=15552000; HttpOnly; SameSite=Strict; Secure',
  );
  expect(cookie.read('idp_device=other; a="b; c"; __Host-idp_device=d1.x; d')).toBe('d1.x');
  expect(cookie.read('idp_device=other')).toBeUndefined();
});

test.each(['', ';;;', '=', 'idp_device', ' idp_devic=1', '; ='.repeat(5_000)])(
  'nothing is read from "%s"',
  (header) => {
    expect(createDeviceCookie('http://localhost').read(header)).toBeUndefined();
  },
);
