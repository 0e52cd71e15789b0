import fc from 'fast-check';
import { anyKey, anyValue } from './arbitraries.ts';

/** Queries over given entities: most conditions are taken from an entity, so that they match something. */
export interface Queries {
  readonly filters: fc.Arbitrary<Record<string, string | string[]>[]>;
  readonly predicates: fc.Arbitrary<object>;
}

const scalarKeys = new Set(
  ['kind', 'metadata.name', 'metadata.namespace', 'metadata.title', 'metadata.description', 'metadata.labels.tier']
    .concat(['metadata.labels.example.com/zone', 'metadata.annotations.a.b/c', 'spec.type', 'spec.lifecycle'])
    .concat(['spec.text', 'spec.level', 'spec.dotted.key', 'spec.nested.deep.leaf', 'spec.nested.other']),
);

export function queriesOver(entities: readonly object[]): Queries {
  const pairs = entities.flatMap((entity) => flatten('', entity));
  const relations = entities.flatMap(
    (entity) => (entity as { relations?: { type: string; targetRef: string }[] }).relations ?? [],
  );
  // A comma cannot be written in a filter, blanks at the ends of a value are trimmed, and the client writes characters beyond
  // the basic plane as two broken ones.
  const writable = pairs.filter(([, value]) => !/,|^\s|\s$|[\ud800-\udfff]/.test(value));
  const real = fc.constantFrom(...writable);
  const pair = fc.oneof(
    { weight: 6, arbitrary: real },
    {
      weight: 1,
      arbitrary: fc.tuple(
        anyKey,
        anyValue.filter((value) => value !== '𝒳one'),
      ),
    },
  );
  const condition = fc.oneof(
    { weight: 5, arbitrary: pair },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(...relations)
        .map((relation) => [`relations.${relation.type}`, relation.targetRef] as const),
    },
  );
  const set = fc.array(condition, { minLength: 1, maxLength: 2 }).map((conditions) => Object.fromEntries(conditions));
  const list = fc
    .array(real, { minLength: 2, maxLength: 4 })
    .map((options) => ({ [options[0]?.[0] ?? 'kind']: options.map(([, value]) => value) }));
  const filters = fc.array(fc.oneof({ weight: 4, arbitrary: set }, { weight: 1, arbitrary: list }), {
    minLength: 1,
    maxLength: 3,
  });
  return { filters, predicates: predicatesOver(pairs, relations) };
}

function predicatesOver(
  pairs: readonly (readonly [string, string])[],
  relations: readonly { type: string; targetRef: string }[],
) {
  const scalar = fc.constantFrom(...pairs.filter(([key]) => scalarKeys.has(key)));
  // A number has no prefix in the oracle.
  const texts = scalar.filter(([key]) => key !== 'spec.level');
  const tagged = fc.constantFrom(...pairs.filter(([key]) => key === 'metadata.tags' || key === 'spec.list'));
  const value = fc.oneof(anyValue, fc.integer({ min: 0, max: 12 }));
  const leaf = fc.oneof(
    { weight: 3, arbitrary: scalar.map(([key, text]) => ({ [key]: text.toUpperCase() })) },
    {
      weight: 1,
      arbitrary: fc
        .record({ pair: scalar, more: fc.array(value, { maxLength: 3 }) })
        .map(({ pair: [key, text], more }) => ({ [key]: { $in: [...more, text] } })),
    },
    { weight: 1, arbitrary: texts.map(([key, text]) => ({ [key]: { $hasPrefix: text.slice(0, 2).toLowerCase() } })) },
    {
      weight: 1,
      arbitrary: fc
        .record({ pair: scalar, exists: fc.boolean() })
        .map(({ pair: [key], exists }) => ({ [key]: { $exists: exists } })),
    },
    { weight: 1, arbitrary: tagged.map(([key, text]) => ({ [key]: { $contains: text } })) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(...relations)
        .map(({ type, targetRef }) => ({ relations: { $contains: { type, targetRef } } })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(...relations)
        .map(({ type, targetRef }) => ({ relations: { $contains: { type, targetRef: { $in: [targetRef, 'x'] } } } })),
    },
    { weight: 1, arbitrary: fc.constantFrom({}, { 'no.such.key': 'x' }) },
  );
  return fc.letrec<{ predicate: object }>((tie) => ({
    predicate: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 3, arbitrary: leaf },
      { weight: 1, arbitrary: fc.record({ $all: fc.array(tie('predicate'), { maxLength: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ $any: fc.array(tie('predicate'), { maxLength: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ $not: tie('predicate') }) },
    ),
  })).predicate;
}

function flatten(path: string, value: unknown): [string, string][] {
  if (path === 'relations' || path === 'metadata.etag') return [];
  if (Array.isArray(value)) return value.flatMap((item) => flatten(path, item));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, item]) => flatten(path === '' ? key : `${path}.${key}`, item));
  }
  // Values over 200 characters match existence only, and upper case in keys is not known to the oracle.
  const text = String(value);
  return value === null || text.length > 200 || path !== path.toLowerCase() ? [] : [[path, text]];
}
