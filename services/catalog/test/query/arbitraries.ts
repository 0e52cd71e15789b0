import fc from 'fast-check';

/** Values that collide often, in several casings and scripts, so that random queries have hits. */
const words = [
  'alpha',
  'Alpha',
  'beta',
  'Übung',
  'übung',
  'naïve',
  'a%b',
  'a_b',
  'x y',
  '10',
  '9',
  'zeta',
  '日本',
  '𝒳one',
  '',
];
const names = fc.constantFrom('pay', 'Pay-Api', 'search', 'search.v2', 'a', 'A1', 'web_ui', 'z9');
const word = fc.constantFrom(...words);
const tag = fc.constantFrom('java', 'go', 'c++', 'tier-1', 'web', 'a:b', 'x');
const kinds = ['Component', 'API', 'Group', 'User', 'System', 'Resource'] as const;
const owner = fc.constantFrom('group:default/team-a', 'team-b', 'user:default/pay', 'Group:other/Team-A');

/** Free fields: every JSON type, nested and in lists, keys in mixed case and with dots. */
const extras = fc.record(
  {
    text: word,
    level: fc.integer({ min: 0, max: 12 }),
    ratio: fc.constantFrom(0.5, 1, 1e21),
    flag: fc.boolean(),
    nothing: fc.constant(null),
    'dotted.key': word,
    list: fc.array(word, { maxLength: 4 }),
    nested: fc.record({ deep: fc.record({ leaf: word }, { requiredKeys: [] }), other: word }, { requiredKeys: [] }),
    objects: fc.array(fc.record({ name: word, port: fc.integer({ min: 1, max: 3 }) }), { maxLength: 3 }),
    long: fc.constant('long '.repeat(60)),
  },
  { requiredKeys: [] },
);

const metadata = fc.record(
  {
    title: word.filter((text) => text !== ''),
    description: word,
    tags: fc.array(tag, { maxLength: 4 }),
    labels: fc.dictionary(
      fc.constantFrom('tier', 'example.com/zone', 'env'),
      fc.constantFrom('gold', 'Gold', 'eu-1', ''),
    ),
    annotations: fc.dictionary(fc.constantFrom('example.com/note', 'a.b/c', 'plain'), word),
    links: fc.array(fc.record({ url: fc.constantFrom('https://example.com/a', 'https://example.com/B') }), {
      maxLength: 2,
    }),
  },
  { requiredKeys: [] },
);

const specs: Record<(typeof kinds)[number], fc.Arbitrary<Record<string, unknown>>> = {
  Component: fc.record({
    type: fc.constantFrom('service', 'Service', 'website', 'library'),
    lifecycle: fc.constantFrom('production', 'experimental'),
    owner,
    dependsOn: fc.uniqueArray(fc.constantFrom('component:pay', 'resource:default/a', 'component:other/z9'), {
      maxLength: 2,
    }),
    providesApis: fc.uniqueArray(fc.constantFrom('pay', 'other/search'), { maxLength: 2 }),
  }),
  API: fc.record({
    type: fc.constantFrom('openapi', 'grpc'),
    lifecycle: fc.constantFrom('production', 'deprecated'),
    owner,
    definition: fc.constant('{}'),
  }),
  Group: fc.record({
    type: fc.constantFrom('team', 'unit'),
    children: fc.uniqueArray(fc.constantFrom('team-a', 'team-b'), { maxLength: 1 }),
  }),
  User: fc.record({ memberOf: fc.uniqueArray(fc.constantFrom('team-a', 'team-b', 'other/team-a'), { maxLength: 2 }) }),
  System: fc.record({ owner }),
  Resource: fc.record({ type: fc.constantFrom('database', 'bucket'), owner }),
};

export interface RandomEntity {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; [key: string]: unknown };
  spec: Record<string, unknown>;
}

/** A valid entity of a built-in kind; `index` makes its name unique. */
export function randomEntity(index: number): fc.Arbitrary<RandomEntity> {
  return fc.constantFrom(...kinds).chain((kind) =>
    fc
      .record({
        meta: metadata,
        spec: specs[kind],
        more: extras,
        name: names,
        namespace: fc.constantFrom(undefined, 'default', 'other', 'zone'),
      })
      .map(({ meta, spec, more, name, namespace }) => ({
        apiVersion: 'backstage.io/v1alpha1',
        kind,
        metadata: { ...meta, name: `${name}-${index}`, ...(namespace === undefined ? {} : { namespace }) },
        spec: { ...more, ...spec },
      })),
  );
}

export function randomEntities(count: number, seed: number): RandomEntity[] {
  return Array.from(
    { length: count },
    (_, index) => fc.sample(randomEntity(index), { numRuns: 1, seed: seed + index })[0],
  ).filter((entity) => entity !== undefined);
}

/** Keys that exist, exist in another casing, hold lists, objects, nothing, or do not exist. */
export const anyKey = fc.constantFrom(
  'kind',
  'metadata.name',
  'metadata.namespace',
  'metadata.title',
  'METADATA.Title',
  'metadata.description',
  'metadata.tags',
  'metadata.tags.java',
  'metadata.tags.c++',
  'metadata.labels.tier',
  'metadata.labels.example.com/zone',
  'metadata.annotations.a.b/c',
  'metadata.annotations.plain',
  'metadata.links.url',
  'spec.type',
  'spec.lifecycle',
  'spec.owner',
  'spec.text',
  'spec.level',
  'spec.ratio',
  'spec.flag',
  'spec.nothing',
  'spec.dotted.key',
  'spec.list',
  'spec.list.beta',
  'spec.nested.deep.leaf',
  'spec.nested.other',
  'spec.objects.name',
  'spec.objects.port',
  'spec.long',
  'relations.ownedby',
  'relations.ownerOf',
  'relations.dependsOn',
  'relations.memberof',
  'no.such.key',
);

export const anyValue = fc.oneof(
  fc.constantFrom(...words),
  fc.constantFrom(
    'component',
    'API',
    'user',
    'default',
    'other',
    'zone',
    'service',
    'SERVICE',
    'production',
    'gold',
    'true',
    'false',
    '1',
    '3',
    '0.5',
    '1e+21',
    'https://example.com/b',
  ),
  fc.constantFrom(
    'group:default/team-a',
    'group:default/team-b',
    'Group:Default/Team-A',
    'user:default/pay',
    'component:default/pay',
    'team-b',
  ),
);

/** Keys with at most one value an entity: what sorting and prefixes compare with is then no matter of choice. */
export const singleKey = fc.constantFrom(
  'kind',
  'metadata.name',
  'metadata.title',
  'metadata.description',
  'spec.type',
  'spec.lifecycle',
  'spec.text',
  'spec.level',
  'spec.nested.other',
  'metadata.labels.tier',
  'no.such.key',
);

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
