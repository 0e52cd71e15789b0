import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceptTracestate, formatTraceparent, newTraceContext, parseTraceparent } from './trace-context.ts';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const span = '00f067aa0ba902b7';

describe('traceparent (W3C Trace Context §3.2)', () => {
  test.each([
    [`00-${trace}-${span}-01`, true],
    [`00-${trace}-${span}-00`, false],
    [`cc-${trace}-${span}-01-what-the-future-brings`, true],
  ])('%s is read', (header, sampled) => {
    expect(parseTraceparent(header)).toEqual({ traceId: trace, spanId: span, sampled });
  });

  test.each([
    undefined,
    '',
    `00-${trace}-${span}`,
    `00-${trace}-${span}-01-extra`,
    `ff-${trace}-${span}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    ` 00-${trace}-${span}-01`,
    `00-${trace}-${span}-0g`,
  ])('%s is malformed', (header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  test('what is written is read back', () => {
    fc.assert(
      fc.property(fc.boolean(), (sampled) => {
        const context = { ...newTraceContext(), sampled };
        expect(parseTraceparent(formatTraceparent(context))).toEqual(context);
      }),
    );
  });

  test('a child keeps the trace and has a span of its own', () => {
    const parent = newTraceContext();
    const child = newTraceContext(parent);
    expect(child.traceId).toBe(parent.traceId);
    expect(child.spanId).not.toBe(parent.spanId);
  });

  test('ids do not repeat', () => {
    const ids = Array.from({ length: 10_000 }, () => newTraceContext().spanId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test.each([
  ['a=1', true],
  [Array.from({ length: 32 }, () => 'a=1').join(), true],
  [Array.from({ length: 33 }, () => 'a=1').join(), false],
  ['a=\u0001', false],
  ['a'.repeat(513), false],
])('tracestate %s passes: %s', (header, passes) => {
  expect(acceptTracestate(header) !== undefined).toBe(passes);
});
