import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as model from '@backstage/catalog-model';
import { templateEntityV1beta3Validator } from '@backstage/plugin-scaffolder-common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entityFixtures } from './entity-fixtures.ts';
import type { Json, JsonObject } from './entity.ts';
import { ModelError } from './model-error.ts';
import { createEntityValidator } from './validate-entity.ts';

const validator = createEntityValidator();

const policies = model.EntityPolicies.allOf([
  new model.SchemaValidEntityPolicy(),
  new model.DefaultNamespaceEntityPolicy(),
  new model.NoForeignRootFieldsEntityPolicy(),
  new model.FieldFormatEntityPolicy(),
]);

const load = createRequire(import.meta.url);
const schemas = join(dirname(load.resolve('@backstage/catalog-model')), 'schema/kinds');

/** The package exports no validators for these variants, so they are built from the schema files it ships. */
function variant(name: string): model.KindValidator {
  const schema: unknown = load(join(schemas, `${name}.schema.json.cjs.js`)).default;
  const validate = model.entityKindSchemaValidator(schema);
  return { check: (entity) => Promise.resolve(validate(entity) === entity) };
}

const mcpServer = variant('API.v1alpha1.mcp-server');
const aiResource = variant('AiResource.v1alpha1');
const aiVariants = new Map(
  ['skill', 'rule', 'plugin', 'marketplace'].map((type) => [type, variant(`AiResource.v1alpha1.${type}`)]),
);

/** Backstage picks the variant of a kind by spec.type. */
function kindValidators(entity: model.Entity): model.KindValidator[] {
  const type = String(entity.spec?.['type']);
  return [
    type === 'mcp-server' ? mcpServer : model.apiEntityV1alpha1Validator,
    model.componentEntityV1alpha1Validator,
    model.resourceEntityV1alpha1Validator,
    model.groupEntityV1alpha1Validator,
    model.locationEntityV1alpha1Validator,
    model.userEntityV1alpha1Validator,
    model.systemEntityV1alpha1Validator,
    model.domainEntityV1alpha1Validator,
    aiVariants.get(type) ?? aiResource,
    templateEntityV1beta3Validator,
  ];
}

/** What Backstage says: undefined when it takes the entity, else its message. */
async function backstageVerdict(document: Json): Promise<string | undefined> {
  try {
    const entity = (await policies.enforce(structuredClone(document) as unknown as model.Entity)) as model.Entity;
    for (const kind of kindValidators(entity)) if (await kind.check(entity)) return undefined;
    return `No processor recognized the entity ${model.stringifyEntityRef(entity)} as valid, possibly caused by a foreign kind or apiVersion`;
  } catch (err) {
    return (err as Error).message;
  }
}

function ourVerdict(document: Json): string | undefined {
  try {
    validator.validate(document);
    return undefined;
  } catch (err) {
    if (!(err instanceof ModelError)) throw err;
    return err.message;
  }
}

type Container = JsonObject | Json[];

/** Every place of a document: its container and key. */
function placesOf(document: Json): { container: Container; key: string }[] {
  if (typeof document !== 'object' || document === null) return [];
  return Object.keys(document).flatMap((key) => {
    return [{ container: document, key }, ...placesOf((document as JsonObject)[key] ?? null)];
  });
}

const texts = fc.oneof(
  fc.constantFrom('', ' ', 'A', 'a-', '-a', 'a--b', 'Ä', 'a/b', 'a/b/c', 'x'.repeat(64), 'x'.repeat(254), 'a.b', 'a b'),
  fc.constantFrom(
    'Component',
    'API',
    'Group',
    'backstage.io/v1alpha1',
    'backstage.io/v1',
    '1.0',
    'mcp-server',
    'skill',
  ),
  fc.constantFrom('https://example.com', 'not a url', 'javascript:alert(1)', 'user:a/b', 'plugin', 'rule', 'component'),
  fc.string({ maxLength: 8 }),
);
const values: fc.Arbitrary<Json> = fc.oneof(
  { weight: 3, arbitrary: texts as fc.Arbitrary<Json> },
  fc.constantFrom<Json>(null, 0, 1.5, true, false, [], {}, [''], [null], [{}], { a: 1 }, [1, 'a']),
);
const mutations = fc.array(
  fc.record({ place: fc.nat(), how: fc.constantFrom('set', 'delete', 'add', 'rename'), key: texts, value: values }),
  { minLength: 0, maxLength: 3 },
);

type Mutation = typeof mutations extends fc.Arbitrary<(infer M)[]> ? M : never;

function mutate(document: JsonObject, { place, how, key, ...mutation }: Mutation): void {
  const value = structuredClone(mutation.value);
  const places = placesOf(document);
  const chosen = places[place % Math.max(places.length, 1)];
  if (!chosen || key === '__proto__') return;
  const container = chosen.container as JsonObject;
  if (how === 'set') container[chosen.key] = value;
  else if (how === 'delete' && Array.isArray(container)) container.splice(Number(chosen.key), 1);
  else if (how === 'delete') delete container[chosen.key];
  else if (Array.isArray(container)) container.push(value);
  else if (how === 'add') container[key] = value;
  else {
    container[key] = container[chosen.key] ?? null;
    delete container[chosen.key];
  }
}

describe('entity validation', () => {
  it('takes a full document of every kind, as Backstage does', async () => {
    for (const document of entityFixtures) {
      expect(await backstageVerdict(document)).toBeUndefined();
      expect(ourVerdict(document)).toBeUndefined();
    }
  });

  it('gives 5,000 mutated documents the verdict and the message of Backstage', { timeout: 60_000 }, async () => {
    let refused = 0;
    const property = fc.asyncProperty(fc.constantFrom(...entityFixtures), mutations, async (original, steps) => {
      const document = structuredClone(original);
      for (const step of steps) mutate(document, step);
      const expected = await backstageVerdict(document);
      if (expected !== undefined) refused++;
      expect(ourVerdict(document)).toBe(expected);
    });
    await fc.assert(property, { numRuns: 5000 });
    expect(refused).toBeGreaterThan(1000);
  });

  it('fills in the default namespace and leaves the input as it was', () => {
    const document = {
      apiVersion: 'backstage.io/v1alpha1',
      kind: 'Domain',
      metadata: { name: 'a' },
      spec: { owner: 'b' },
    };
    expect(validator.validate(document).metadata.namespace).toBe('default');
    expect(document.metadata).toEqual({ name: 'a' });
  });

  it.each([
    [{ kind: 'Component', metadata: { name: 'x' } }, []],
    [{ apiVersion: 'a/v1', kind: 'Component', metadata: { name: 'x' }, extra: 1 }, ['extra']],
    [{ apiVersion: 'a/v1', kind: 'Component', metadata: { name: 'x y' } }, ['metadata', 'name']],
    [{ apiVersion: 'a/v1', kind: 'Component', metadata: { name: 'x', tags: ['ok', 'Bad'] } }, ['metadata', 'tags', 1]],
    [{ apiVersion: 'a/v1', kind: 'Service', metadata: { name: 'x' } }, ['kind']],
    [{ apiVersion: 'a/v1', kind: 'Component', metadata: { name: 'x' } }, ['apiVersion']],
    [
      { apiVersion: 'backstage.io/v1alpha1', kind: 'User', metadata: { name: 'x' }, spec: { memberOf: ['a', 1] } },
      ['spec', 'memberOf', 1],
    ],
  ])('points at the node at fault %#', (document, path) => {
    expect(() => validator.validate(document)).toThrow(expect.objectContaining({ path }));
  });
});
