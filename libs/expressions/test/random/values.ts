import fc from 'fast-check';
import type { ConditionValues, KnownValues } from '../../src/index.ts';
import { ints, moments, texts, uuids } from './pools.ts';

const text = fc.constantFrom(...texts);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 4 });
const moment = fc.constantFrom(...moments).map((ms) => new Date(ms));

/** Principal and context, some of it missing. */
export const someKnown: fc.Arbitrary<KnownValues> = fc.record({
  principal: fc.record({
    id: text,
    type: fc.constant('user'),
    tenantId: fc.constantFrom(...uuids),
    teamIds: fc.array(text, { maxLength: 4 }),
    acr: maybe(text),
  }),
  context: fc.record({ now: moment, ip: maybe(text), authAgeSeconds: maybe(fc.constantFrom(0, 1, 300)) }),
});

/** Attributes as a row has them, each missing now and then. */
export const someAttributes = fc.record({
  kind: maybe(text),
  owner: maybe(text),
  count: maybe(fc.constantFrom(...ints)),
  size: maybe(fc.constantFrom(...ints)),
  archived: maybe(fc.boolean()),
  listed: maybe(fc.boolean()),
  createdAt: maybe(moment),
  updatedAt: maybe(moment),
  tags: maybe(fc.array(fc.option(text, { freq: 6 }), { maxLength: 4 })),
  ports: maybe(fc.array(fc.option(fc.constantFrom(...ints), { freq: 6 }), { maxLength: 4 })),
});

/** All a condition is evaluated over. */
export const someValues: fc.Arbitrary<ConditionValues> = fc
  .tuple(someKnown, someAttributes, maybe(text), maybe(text))
  .map(([known, attributes, id, teamId]) => ({ ...known, resource: { id, scope: { teamId }, attributes } }));
