import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import { askCedar } from './cedar.ts';
import { requestOf, rowsOf, worldOf } from './compile.ts';
import { atom, guardedAtom, term } from './expressions.ts';
import { company, question, userIds, type Company, type Question } from './tenants.ts';

const tenants = 250;
const questions = 200;

/** How many decisions were the same; a difference fails with the seed that repeats it. */
function compare(drawn: fc.Arbitrary<Company>, asked: fc.Arbitrary<Question>): { allowed: number; denied: number } {
  const counted = { allowed: 0, denied: 0 };
  fc.assert(
    fc.property(drawn, fc.array(asked, { minLength: questions, maxLength: questions }), (tenant, all) => {
      const world = worldOf(rowsOf(tenant));
      const cedar = askCedar(tenant, 'tenant');
      for (const one of all) {
        const expected = cedar(one);
        expect(decide(world, requestOf(one), one.now).allowed, JSON.stringify(one)).toBe(expected);
        counted[expected ? 'allowed' : 'denied'] += 1;
      }
    }),
    { numRuns: tenants },
  );
  return counted;
}

// The two tests decide 100,000 times. Left out is what both engines document to differ in: `error || true`, and an
// erroring deny, which applies here and is skipped there (auth §8.12); strings are not ordered and there are no doubles.
test('50,000 decisions are those of Cedar where every attribute is given', () => {
  const counted = compare(
    company({ condition: () => term(userIds), suspended: false, policies: true }),
    question({ attributes: 'all', caller: 'all' }),
  );
  expect(counted.allowed + counted.denied).toBe(tenants * questions);
  expect(Math.min(counted.allowed, counted.denied)).toBeGreaterThan(2_500);
}, 240_000);

test('50,000 decisions are those of Cedar where attributes are missing: an erroring allow allows nothing', () => {
  const counted = compare(
    company({
      condition: (effect) =>
        effect === 'allow' ? fc.oneof(atom(userIds), guardedAtom(userIds)) : guardedAtom(userIds),
      suspended: false,
      policies: true,
    }),
    question({ attributes: 'some', caller: 'all' }),
  );
  expect(counted.allowed + counted.denied).toBe(tenants * questions);
  expect(Math.min(counted.allowed, counted.denied)).toBeGreaterThan(2_500);
}, 240_000);
