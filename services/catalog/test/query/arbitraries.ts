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
