import { describe, expect, it } from 'vitest';
import type { Entity } from '../model/entity.ts';
import { termsOf } from './terms.ts';

const entity = (more: Record<string, unknown>): Entity => {
  return { apiVersion: 'a/v1', kind: 'K', metadata: { name: 'x' }, ...more } as unknown as Entity;
};
const lines = (of: Entity) => termsOf(of).map(({ key, original }) => `${key}=${original ?? '∅'}`);

describe('terms of an entity', () => {
  it('are dotted keys in lower case with values as written', () => {
    expect(lines(entity({ spec: { Owner: 'Team-A', nested: { n: 1, yes: true } } }))).toEqual([
      'apiversion=a/v1',
      'kind=K',
      'metadata.name=x',
      'spec.owner=Team-A',
      'spec.nested.n=1',
      'spec.nested.yes=true',
    ]);
  });

  it('leave out positions of lists, and give a string item a key of its own', () => {
    const terms = lines(entity({ spec: { tags: ['Java', 'java', 'b'], steps: [{ id: 1 }, { id: 2 }], n: [5] } }));
    expect(terms.filter((line) => line.startsWith('spec.'))).toEqual([
      'spec.tags=Java',
      'spec.tags.java=true',
      'spec.tags=java',
      'spec.tags=b',
      'spec.tags.b=true',
      'spec.steps.id=1',
      'spec.steps.id=2',
      'spec.n=5',
    ]);
  });

  it('keep only the presence of null and of long values, and drop long keys', () => {
    const terms = lines(
      entity({ spec: { none: null, long: 'x'.repeat(201), ok: 'y'.repeat(200), ['k'.repeat(200)]: 1 } }),
    );
    expect(terms.slice(3)).toEqual(['spec.none=∅', 'spec.long=∅', `spec.ok=${'y'.repeat(200)}`]);
  });

  it('say nothing of status, relations, attachments and the etag', () => {
    const full = entity({ status: { items: [] }, relations: [{ type: 'a' }], attachments: { a: 1 } });
    full.metadata.etag = 'e';
    full.metadata.uid = 'u';
    expect(lines(full)).toEqual(['apiversion=a/v1', 'kind=K', 'metadata.name=x', 'metadata.uid=u']);
  });

  it('refuse keys that differ only in case, and say where', () => {
    expect(() => termsOf(entity({ spec: { owner: 1, Owner: 2 } }))).toThrow(
      expect.objectContaining({
        message: "Entity has duplicate keys that vary only in casing, 'spec.owner'",
        path: ['spec', 'Owner'],
      }),
    );
  });

  it('are bounded', () => {
    const many = Object.fromEntries(Array.from({ length: 2001 }, (_, i) => [`k${i}`, i]));
    expect(() => termsOf(entity({ spec: many }))).toThrow('more than 2000 searchable fields');
  });
});
