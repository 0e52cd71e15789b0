import { equals, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEvent,
  DecodeError,
  encodeEvent,
  eventBytesMax,
  eventTypes,
  newId,
  topics,
  topicsOf,
  UnknownEventTypeError,
  type EventType,
} from '../src/index.ts';
import { arbitraryMessage } from './arbitrary-message.ts';

const types = Object.keys(eventTypes) as EventType[];

describe.each(types)('%s', (type) => {
  const { schema } = eventTypes[type];

  it('survives its own bytes', () => {
    fc.assert(
      fc.property(arbitraryMessage(schema), (message) => {
        const read = decodeEvent(type, encodeEvent(type, message as never));
        expect(equals(schema, read as never, message as never)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('answers any bytes with a message or a DecodeError', () => {
    const mutated = arbitraryMessage(schema).chain((message) => {
      const bytes = toBinary(schema, message as never);
      return fc
        .tuple(
          fc.array(fc.tuple(fc.nat({ max: Math.max(0, bytes.length - 1) }), fc.nat({ max: 255 })), { maxLength: 4 }),
          fc.nat({ max: bytes.length }),
        )
        .map(([changes, length]) => {
          const copy = Uint8Array.from(bytes);
          for (const [at, value] of changes) copy[at] = value;
          return copy.subarray(0, length);
        });
    });
    const property = fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      const outcome = attempt(() => decodeEvent(type, bytes));
      return !(outcome instanceof Error) || outcome instanceof DecodeError;
    });
    expect(() => fc.assert(property, { numRuns: 200 })).not.toThrow();
  });
});

const tag = (field: number, wireType: number): number[] => {
  const value = field * 8 + wireType;
  return value < 128 ? [value] : [(value & 127) | 128, value >> 7];
};
const hostile: [string, Uint8Array][] = [
  ['groups in groups', Uint8Array.from({ length: 200_000 }, () => tag(15, 3)[0]!)],
  ['messages in messages', Uint8Array.from({ length: 200_000 }, (_, at) => (at % 2 === 0 ? tag(3, 2)[0]! : 127))],
  ['a length beyond everything', Uint8Array.from([...tag(1, 2), 0xff, 0xff, 0xff, 0xff, 0x0f])],
  ['a length that is negative', Uint8Array.from([...tag(1, 2), ...Array.from({ length: 9 }, () => 0xff), 0x01])],
  ['a number without end', new Uint8Array(64).fill(0xff)],
  ['ten megabytes of zeros', new Uint8Array(10 * 1024 * 1024)],
  ['ten megabytes of unknown fields', new Uint8Array(10 * 1024 * 1024).fill(tag(15, 0)[0]!)],
  ['as many unknown fields as fit', new Uint8Array(eventBytesMax).fill(tag(15, 0)[0]!)],
  ['the end of a group that never began', Uint8Array.from(tag(3, 4))],
  ['text that is no UTF-8', Uint8Array.from([...tag(2, 2), 2, 0xc3, 0x28])],
];
it.each(hostile)('answers %s with a message or a DecodeError, whatever is asked for', (_, bytes) => {
  for (const type of types) {
    const outcome = attempt(() => decodeEvent(type, bytes));
    const answered = outcome instanceof DecodeError || (outcome as { $typeName?: string }).$typeName === type;
    expect(answered, `${type}: ${String(outcome)}`).toBe(true);
  }
});

function attempt(fn: () => unknown): unknown {
  try {
    return fn();
  } catch (error) {
    return error;
  }
}

it('keeps fields that this build does not know', () => {
  const known = encodeEvent('idp.auth.v1.TenantCreated', { slug: 'a' });
  const unknownField = [0xfa, 0x3e, 0x02, 0x68, 0x69];
  const message = decodeEvent('idp.auth.v1.TenantCreated', Uint8Array.from([...known, ...unknownField]));
  expect(message.slug).toBe('a');
  expect([...encodeEvent('idp.auth.v1.TenantCreated', message)]).toEqual([...known, ...unknownField]);
});

it('refuses types that are not in the registry, inherited names too', () => {
  for (const type of ['idp.auth.v1.Nothing', 'toString', '']) {
    expect(() => encodeEvent(type as EventType, {})).toThrow(UnknownEventTypeError);
    expect(() => decodeEvent(type as EventType, new Uint8Array())).toThrow(UnknownEventTypeError);
  }
});

it('gives every message a topic, and shared messages one per service', () => {
  const carried = new Set(Object.values(topics).flatMap((topic) => topic.messages));
  expect([...carried].toSorted()).toEqual(types.toSorted());
  expect(topicsOf('ledger').map((topic) => topic.name)).toEqual([
    'idp.ledger.audit.v1',
    'idp.ledger.permissions.v1',
    'idp.ledger.snapshot-request.v1',
    'idp.ledger.tenant.v1',
  ]);
  expect(topics['idp.auth.tenant.v1']!.messages).not.toContain('idp.common.v1.TenantPrepared');
});

it('makes ids of UUID version 7 that sort by the time they were made', () => {
  const ids = Array.from({ length: 1000 }, newId);
  expect(ids.toSorted()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
