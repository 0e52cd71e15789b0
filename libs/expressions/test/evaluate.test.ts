import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileCondition, isFault } from '../src/index.ts';
import { write } from './random/expression.ts';
import { anyCondition } from './random/generate.ts';
import { naively } from './random/naive.ts';
import { environment } from './random/pools.ts';
import { someValues } from './random/values.ts';

test('evaluation is what the language definition says, missing attributes and failing calculations included', () => {
  const seen = { true: 0, false: 0, fault: 0, refused: 0 };
  fc.assert(
    fc.property(anyCondition(), fc.array(someValues, { minLength: 6, maxLength: 6 }), (expression, samples) => {
      const text = write(expression);
      const condition = compiled(text);
      if (condition === undefined) {
        seen.refused += 1;
        return;
      }
      for (const values of samples) {
        const outcome = condition.evaluate(values);
        const expected = naively(expression, values);
        expect(isFault(outcome) ? undefined : outcome, `${text}: ${JSON.stringify(outcome)}`).toBe(expected);
        seen[isFault(outcome) ? 'fault' : outcome ? 'true' : 'false'] += 1;
      }
    }),
    { numRuns: 800 },
  );
  // The generator reaches every outcome, and refusals for size stay the exception.
  expect(Math.min(seen.true, seen.false, seen.fault)).toBeGreaterThan(300);
  expect(seen.refused).toBeLessThan(250);
}, 120_000);

/** Undefined for what is too large; any other refusal of a well-typed text is a mistake. */
function compiled(text: string): ReturnType<typeof compileCondition> | undefined {
  try {
    return compileCondition(text, environment);
  } catch (error) {
    const { reason } = (error as { details: { reason: string } }).details;
    if (['too_long', 'too_many_nodes', 'too_deep'].includes(reason)) return undefined;
    throw error;
  }
}
