import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pool } from '../hostile/openapi/pool.ts';
import { foreignValues, unknownLike } from './harvest.ts';

describe('values of another tenant', () => {
  it('are what names something of the one and nothing of the other', () => {
    const [own, other] = [new Pool(), new Pool()];
    own.add(
      {
        data: [{ id: '0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b', name: 'cnry-a-1', kind: 'Component', text: 'long words' }],
        meta: { nextCursor: 'abcd' },
      },
      '/notes',
    );
    other.add({ data: [{ name: 'cnry-b-1', kind: 'Component' }] }, '/notes');
    expect(foreignValues(own, other).toSorted()).toEqual(['0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b', 'abcd', 'cnry-a-1']);
  });

  it('find the segments of a path in one object, wherever they stand in it', () => {
    const pool = new Pool();
    pool.add({ items: [{ kind: 'Component', metadata: { namespace: 'default', name: 'a' } }] }, '/entities');
    expect(pool.find(['kind', 'namespace', 'name'], '/entities')).toEqual({
      kind: 'Component',
      namespace: 'default',
      name: 'a',
    });
    expect(pool.find(['uid'], '/entities')).toBeUndefined();
  });
});

describe('an unknown value', () => {
  it('has the shape of the known one and differs from it', () => {
    const shape = (text: string) => text.replace(/[a-z]/g, 'a').replace(/[A-Z]/g, 'A').replace(/[0-9]/g, '0');
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z0-9._-]{6,40}$/), (value) => {
        expect(shape(unknownLike(value))).toBe(shape(value));
      }),
    );
    expect(unknownLike('0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b')).toMatch(/^[0-9a-f-]{36}$/);
    expect(unknownLike('component:default/cnry-a-1')).toMatch(/^component:default\/.{8}$/);
    expect(unknownLike('component:default/cnry-a-1')).not.toBe('component:default/cnry-a-1');
  });
});
