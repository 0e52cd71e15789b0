import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideRotation, repeatWindowMs } from './rotation.ts';

test('the current token rotates by one', () => {
  expect(decideRotation(4, { counter: 4, sinceRotationMs: 86_400_000 })).toEqual({ kind: 'rotate', counter: 5 });
});

test('the token before answers the current pair for 10 s and ends the session after', () => {
  expect(decideRotation(3, { counter: 4, sinceRotationMs: repeatWindowMs })).toEqual({ kind: 'repeat', counter: 4 });
  expect(decideRotation(3, { counter: 4, sinceRotationMs: repeatWindowMs + 1 })).toEqual({ kind: 'reuse' });
});

test('a token ahead of the database is taken once', () => {
  const first = decideRotation(9, { counter: 4, sinceRotationMs: 0 });
  expect(first).toEqual({ kind: 'resume', counter: 10 });
  expect(decideRotation(9, { counter: 10, sinceRotationMs: 11_000 })).toEqual({ kind: 'reuse' });
});

test('whoever follows the answers is never accused, however often answers get lost within 10 s', () => {
  const step = fc.record({ lost: fc.boolean(), pauseMs: fc.nat(repeatWindowMs) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      let held = 0;
      let row = { counter: 0, sinceRotationMs: 0 };
      for (const { lost, pauseMs } of steps) {
        row = { ...row, sinceRotationMs: row.sinceRotationMs + (lost ? 0 : pauseMs) };
        const rotation = decideRotation(held, row);
        expect(rotation.kind).not.toBe('reuse');
        if (rotation.kind === 'rotate') row = { counter: rotation.counter, sinceRotationMs: 0 };
        if (!lost && rotation.kind !== 'reuse') held = rotation.counter;
      }
    }),
  );
});

test('the counter never goes back', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.nat(100), fc.nat(20_000), (presented, counter, sinceRotationMs) => {
      const rotation = decideRotation(presented, { counter, sinceRotationMs });
      const next = rotation.kind === 'reuse' ? counter : rotation.counter;
      expect(next).toBeGreaterThanOrEqual(counter);
    }),
  );
});

test('of the tokens before the current one only the last ever works', () => {
  fc.assert(
    fc.property(fc.nat(98), fc.nat(20_000), (presented, sinceRotationMs) => {
      expect(decideRotation(presented, { counter: 100, sinceRotationMs })).toEqual({ kind: 'reuse' });
    }),
  );
});
