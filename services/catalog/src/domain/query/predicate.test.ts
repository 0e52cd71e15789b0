import { createZodV3FilterPredicateSchema, filterPredicateToFilterFunction } from '@backstage/filter-predicates';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod/v3';
import { parsePredicate } from './predicate.ts';
import { recordMatches } from './record-matches.ts';
import { everything, nothing } from './tree.ts';

const primitive = fc.oneof(fc.constantFrom('a', 'A', 'ab', 'url', ''), fc.integer({ min: 0, max: 2 }));
const value = fc.oneof(
  primitive,
  fc.record({ $exists: fc.boolean() }),
  fc.record({ $in: fc.array(primitive, { maxLength: 3 }) }),
  fc.record({ $hasPrefix: fc.constantFrom('', 'a', 'AB', 'u') }),
);
const { predicate } = fc.letrec<{ predicate: object }>((tie) => ({
  predicate: fc.oneof(
    { maxDepth: 4 },
    fc.dictionary(fc.constantFrom('type', 'target', 'none'), value, { maxKeys: 2 }),
    fc.record({ $all: fc.array(tie('predicate'), { maxLength: 3 }) }),
    fc.record({ $any: fc.array(tie('predicate'), { maxLength: 3 }) }),
    fc.record({ $not: tie('predicate') }),
  ),
}));

describe('parsePredicate', () => {
  it('gives the verdict of @backstage/filter-predicates on flat records', () => {
    const record = fc.record({
      type: fc.constantFrom('a', 'URL', 'abc', '1'),
      target: fc.constantFrom('a', 'ab', '2'),
    });
    fc.assert(
      fc.property(predicate, record, (query, candidate) => {
        const expected = filterPredicateToFilterFunction(query as never)(candidate);
        expect(recordMatches(parsePredicate(query), candidate)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('knows the empty forms', () => {
    expect(parsePredicate({})).toEqual(everything);
    expect(parsePredicate({ $all: [] })).toEqual(everything);
    expect(parsePredicate({ $any: [] })).toEqual(nothing);
  });

  it('reads relations', () => {
    expect(parsePredicate({ relations: { $contains: { type: 'ownedBy' } } })).toEqual({
      op: 'exists',
      key: 'relations.ownedby',
    });
    expect(
      parsePredicate({ relations: { $contains: { type: 'ownedBy', targetRef: { $in: ['Group:a/B', 'x'] } } } }),
    ).toEqual({ op: 'in', key: 'relations.ownedby', values: ['group:a/b', 'x'] });
  });

  it.each([
    ['a primitive at the top', 'component'],
    ['a list at the top', []],
    ['null', null],
    ['an operator beside another key', { $all: [], kind: 'x' }],
    ['two operators', { $all: [], $any: [] }],
    ['an unknown operator', { $or: [] }],
    ['an unknown operator of a key', { kind: { $like: 'x' } }],
    ['two operators of a key', { kind: { $exists: true, $in: ['a'] } }],
    ['a list as value', { kind: ['a'] }],
    ['null as value', { kind: null }],
    ['$all without a list', { $all: {} }],
    ['a primitive inside $any', { $any: ['x'] }],
    ['$in without a list', { kind: { $in: 'a' } }],
    ['$in with an object', { kind: { $in: [{}] } }],
    ['$exists without a boolean', { kind: { $exists: 'yes' } }],
    ['$hasPrefix without a text', { kind: { $hasPrefix: 1 } }],
    ['$contains with an object outside relations', { 'metadata.links': { $contains: { url: 'x' } } }],
    ['relations compared with a primitive', { relations: 'x' }],
    ['relations without a type', { relations: { $contains: { targetRef: 'x' } } }],
    ['relations with another member', { relations: { $contains: { type: 'a', target: 'b' } } }],
  ])('refuses %s', (_, query) => {
    expect(() => parsePredicate(query)).toThrow(expect.objectContaining({ code: 'VALIDATION_ERROR' }));
  });

  it('takes whatever the schema of @backstage/filter-predicates takes, but values at the top and objects in lists', () => {
    const schema = createZodV3FilterPredicateSchema(z as never);
    fc.assert(
      fc.property(predicate, (query) => {
        expect(schema.safeParse(query).success).toBe(true);
        expect(() => parsePredicate(query)).not.toThrow();
      }),
    );
  });

  it('takes 16 levels and refuses 17', () => {
    const nested = (levels: number): object => (levels === 1 ? { kind: 'x' } : { $not: nested(levels - 1) });
    expect(() => parsePredicate(nested(16))).not.toThrow();
    expect(() => parsePredicate(nested(17))).toThrow(/deeper than 16/);
  });

  it('counts a list of values as one condition', () => {
    const many = Array.from({ length: 900 }, (_, index) => `v${index}`);
    expect(() => parsePredicate({ kind: { $in: many } })).not.toThrow();
    expect(() => parsePredicate({ $any: Array.from({ length: 501 }, () => ({ kind: 'x' })) })).toThrow(/at most 500/);
  });
});
