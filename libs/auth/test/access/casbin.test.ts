import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import { askCasbin } from './casbin.ts';
import { requestOf, rowsOf, worldOf } from './compile.ts';
import { company, question, type Company } from './tenants.ts';

const tenants = 100;
const questions = 200;

const drawn = company({ condition: undefined, suspended: false, policies: true }).map((tenant): Company => ({
  ...tenant,
  bindings: tenant.bindings.map((binding) => ({ ...binding, startsAt: 0, expiresAt: undefined })),
}));

test('20,000 decisions are those of casbin: teams, scopes, inherited roles, guard rails', async () => {
  const counted = { allowed: 0, denied: 0 };
  await fc.assert(
    fc.asyncProperty(
      drawn,
      fc.array(question({ attributes: 'some', caller: 'some' }), { minLength: questions, maxLength: questions }),
      async (tenant, asked) => {
        const world = worldOf(rowsOf(tenant));
        const casbin = await askCasbin(tenant);
        for (const one of asked) {
          const expected = casbin(one);
          expect(decide(world, requestOf(one), one.now).allowed, JSON.stringify(one)).toBe(expected);
          counted[expected ? 'allowed' : 'denied'] += 1;
        }
      },
    ),
    { numRuns: tenants },
  );
  expect(counted.allowed + counted.denied).toBe(tenants * questions);
  expect(Math.min(counted.allowed, counted.denied)).toBeGreaterThan(300);
}, 240_000);
