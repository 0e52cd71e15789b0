import { expect, test } from 'vitest';
import { mergePatch, tenantConfig } from './tenant-config.ts';

// The examples of RFC 7396, appendix A.
test.each([
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])('%j patched with %j is %j', (target, patch, result) => {
  expect(mergePatch(target, patch)).toEqual(result);
});

test('a member named __proto__ changes nothing but itself', () => {
  const merged = mergePatch({}, JSON.parse('{"__proto__":{"admin":true}}')) as Record<string, unknown>;
  expect(merged['admin']).toBeUndefined();
  expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
});

test.each([
  [{ origins: ['https://portal.example.com'] }, true],
  [{ origins: ['https://portal.example.com/'] }, false],
  [{ origins: ['javascript:alert(1)'] }, false],
  [{ signupDomains: ['example.com'] }, true],
  [{ signupDomains: ['Example.com'] }, false],
  [{ mfa: 'all', sso: { enforced: true } }, true],
  [{ mfa: 'some' }, false],
  [{ unknown: 1 }, false],
])('%j: %s', (config, valid) => {
  expect(tenantConfig.safeParse(config).success).toBe(valid);
});
