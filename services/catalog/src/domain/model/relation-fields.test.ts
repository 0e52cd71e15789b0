import { describe, expect, it } from 'vitest';
import type { Entity, JsonObject } from './entity.ts';
import { refsPerFieldMax, relationsOf } from './relation-fields.ts';
import { relationPairs } from './relation-pairs.ts';

function entity(kind: string, spec: JsonObject, namespace = 'billing'): Entity {
  return { apiVersion: 'backstage.io/v1alpha1', kind, metadata: { name: 'Self', namespace }, spec };
}

function sentences(of: Entity): string[] {
  return relationsOf(of).map(({ pairId, from, to }) => {
    return `${from} ${relationPairs.find((pair) => pair.id === pairId)?.forward} ${to}`;
  });
}

describe('relations of an entity', () => {
  it('take namespace and kind of a short ref from the entity and the field', () => {
    const spec = { owner: 'Team-A', system: 'shop', providesApis: ['one', 'other/two'], dependsOn: ['resource:db'] };
    expect(sentences(entity('Component', spec))).toEqual([
      'component:billing/self ownedBy group:billing/team-a',
      'component:billing/self providesApi api:billing/one',
      'component:billing/self providesApi api:other/two',
      'component:billing/self dependsOn resource:billing/db',
      'component:billing/self partOf system:billing/shop',
    ]);
  });

  it('are turned round where the field names the reverse', () => {
    expect(sentences(entity('Resource', { dependencyOf: ['component:default/web'] }))).toEqual([
      'component:default/web dependsOn resource:billing/self',
    ]);
    expect(sentences(entity('Group', { parent: 'company', children: ['b'], members: ['ann'] }))).toEqual([
      'group:billing/self childOf group:billing/company',
      'group:billing/b childOf group:billing/self',
      'user:billing/ann memberOf group:billing/self',
    ]);
  });

  it('are one each, however often they are written', () => {
    expect(sentences(entity('User', { memberOf: ['a', 'group:billing/A', 'a'] }))).toHaveLength(1);
  });

  it('need a kind in dependsOn, and say where it is missing', () => {
    expect(() => relationsOf(entity('Component', { dependsOn: ['resource:db', 'db'] }))).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('Entity reference "db" had missing or empty kind') as string,
        path: ['spec', 'dependsOn', 1],
      }),
    );
  });

  it('refuse what is no ref, and too many of them', () => {
    expect(() => relationsOf(entity('Component', { dependencyOf: [5] }))).toThrow('had missing or empty kind');
    expect(() => relationsOf(entity('Component', { dependencyOf: [null] }))).toThrow('must not be empty');
    const many = Array.from({ length: refsPerFieldMax + 1 }, (_, i) => `a${i}`);
    expect(() => relationsOf(entity('User', { memberOf: many }))).toThrow('more than 1000 references');
  });
});
