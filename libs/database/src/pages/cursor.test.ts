import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CursorValue } from '../contract.ts';
import { createCursorCodec } from './cursor.ts';

const codec = (tenantId = 'a', key = Buffer.alloc(32, 1), service = 's') =>
  createCursorCodec({ key, service, tenantId });
const binding = { principal: 'user:1', route: 'GET /x', filter: { kind: 'a' } };
const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean());

test('what was encoded is decoded', () => {
  fc.assert(
    fc.property(fc.array(value), (values: CursorValue[]) => {
      expect(codec().decode(codec().encode(values, binding, 'asc id'), binding, 'asc id')).toEqual(values);
    }),
  );
});

test('no altered byte is accepted', () => {
  const cursor = Buffer.from(codec().encode(['2026-01-01T00:00:00.000001Z', 'id'], binding, 'asc id'), 'base64url');
  fc.assert(
    fc.property(fc.nat(cursor.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const altered = Buffer.from(cursor);
      altered[at] = (altered[at] ?? 0) ^ change;
      expect(() => codec().decode(altered.toString('base64url'), binding, 'asc id')).toThrow('not valid');
    }),
  );
});

test('nor any text that was not made here', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => codec().decode(text, binding, 'asc id')).toThrow('not valid');
    }),
  );
});

test('key, service, tenant, principal, route, filter and order are all bound', () => {
  const cursor = codec().encode(['x'], binding, 'asc id');
  const others = [
    () => codec('b').decode(cursor, binding, 'asc id'),
    () => codec('a', Buffer.alloc(32, 2)).decode(cursor, binding, 'asc id'),
    () => codec('a', Buffer.alloc(32, 1), 't').decode(cursor, binding, 'asc id'),
    () => codec().decode(cursor, { ...binding, principal: 'user:2' }, 'asc id'),
    () => codec().decode(cursor, { ...binding, route: 'GET /y' }, 'asc id'),
    () => codec().decode(cursor, { ...binding, filter: undefined }, 'asc id'),
    () => codec().decode(cursor, binding, 'desc id'),
  ];
  for (const decode of others) expect(decode).toThrow('not valid');
});
