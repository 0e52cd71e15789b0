import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import { requestOf, rowsOf, worldOf } from './compile.ts';
import { term } from './expressions.ts';
import { naiveDecision } from './naive.ts';
import { company, question, userIds } from './tenants.ts';

test('decisions are those of a naive evaluator, missing attributes and expiry to the millisecond included', () => {
  const counted = { allowed: 0, denied: 0 };
  fc.assert(
    fc.property(
      company({ condition: () => term(userIds), suspended: true, policies: true }),
      fc.array(question({ attributes: 'some', caller: 'some' }), { minLength: 30, maxLength: 30 }),
      (drawn, questions) => {
        const world = worldOf(rowsOf(drawn));
        for (const asked of questions) {
          const expected = naiveDecision(drawn, asked);
          expect(decide(world, requestOf(asked), asked.now).allowed, JSON.stringify(asked)).toBe(expected);
          counted[expected ? 'allowed' : 'denied'] += 1;
        }
      },
    ),
    { numRuns: 500 },
  );
  expect(Math.min(counted.allowed, counted.denied)).toBeGreaterThan(800);
}, 120_000);
