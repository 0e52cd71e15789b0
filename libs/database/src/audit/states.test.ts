import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keepStates } from './states.ts';

test('no value of a sensitive member survives, wherever it stands', () => {
  const canary = 'cnry-1';
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 4 }, fc.constant('plain'), fc.array(tie('tree')), tie('object')),
    object: fc.dictionary(fc.constantFrom('a', 'b', 'secret'), fc.oneof(tie('tree'), fc.constant(canary))),
  }));
  const guarded = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(guarded);
    if (typeof value !== 'object' || value === null) return value === canary ? 'plain' : value;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, key === 'secret' ? [canary, member] : guarded(member)]),
    );
  };
  fc.assert(
    fc.property(tree, tree, (before, after) => {
      const kept = keepStates({ x: guarded(before) }, { x: guarded(after) }, ['secret']);
      expect(JSON.stringify(kept)).not.toContain(canary);
    }),
  );
});

test('states never exceed 32 KiB each, and truncation says so', () => {
  const names = fc.string({ minLength: 1, maxLength: 2_000 });
  fc.assert(
    fc.property(fc.dictionary(names, fc.string({ maxLength: 5_000 }), { maxKeys: 40 }), (state) => {
      const kept = keepStates({}, state, []);
      expect(Buffer.byteLength(kept.after ?? '')).toBeLessThanOrEqual(32 * 1024);
      expect(kept.truncated).toBe(Buffer.byteLength(JSON.stringify(state)) > 32 * 1024);
    }),
    { numRuns: 50 },
  );
});

test('a creation has no before, a deletion no after', () => {
  expect(keepStates(undefined, { a: 1 }, [])).toEqual({ after: '{"a":1}', truncated: false });
  expect(keepStates({ a: 1 }, undefined, [])).toEqual({ before: '{"a":1}', truncated: false });
});
