import { describe, expect, it } from 'vitest';
import { parseFields } from './fields.ts';

const entity = {
  kind: 'Component',
  metadata: { name: 'a', annotations: { 'backstage.io/orphan': 'true', plain: 'x' }, tags: ['t'] },
  spec: { type: 'service' },
  relations: [{ type: 'ownedBy', targetRef: 'group:default/g' }],
};

function project(...fields: string[]) {
  return parseFields(fields)?.project(structuredClone(entity));
}

describe('parseFields', () => {
  it('takes lists, repeated parameters and blanks', () => {
    expect(project('kind, metadata.name', 'spec.type')).toEqual({
      kind: 'Component',
      metadata: { name: 'a' },
      spec: { type: 'service' },
    });
  });

  it('finds keys that contain dots', () => {
    expect(project('metadata.annotations.backstage.io/orphan')).toEqual({
      metadata: { annotations: { 'backstage.io/orphan': 'true' } },
    });
  });

  it('leaves absent fields out', () => {
    expect(project('metadata.title', 'nothing', 'kind.deeper', 'metadata.name.x')).toEqual({});
  });

  it('does not change the entity where one path lies in another', () => {
    const source = structuredClone(entity);
    const found = parseFields(['metadata', 'metadata.name', 'metadata.tags'])?.project(source);
    expect(found).toEqual({ metadata: entity.metadata });
    expect(source).toEqual(entity);
  });

  it('never reaches a prototype', () => {
    const hostile = JSON.parse('{"spec":{"__proto__":{"polluted":true}}}') as Record<string, unknown>;
    const found = parseFields(['spec.__proto__.polluted', 'constructor'])?.project(hostile);
    expect(JSON.stringify(found)).toBe('{"spec":{"__proto__":{"polluted":true}}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('selects the whole entity when nothing is named', () => {
    expect(parseFields(undefined)).toBeUndefined();
    expect(parseFields([' , '])).toBeUndefined();
  });

  it('tells whether relations are needed', () => {
    expect(parseFields(['kind'])?.withRelations).toBe(false);
    expect(parseFields(['kind,relations'])?.withRelations).toBe(true);
  });

  it('refuses array paths', () => {
    expect(() => parseFields(['metadata.tags[0]'])).toThrow(/array type fields/);
  });
});
