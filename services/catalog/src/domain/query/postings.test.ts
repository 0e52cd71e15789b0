import { describe, expect, it } from 'vitest';
import { bindQuery, type Literals } from './postings.ts';
import { allOf, anyOf, everything, keyExists, keyHasPrefix, keyIn, nothing, textIn } from './tree.ts';

const kind = { kind: 'terms', keyId: 1 } as const;
const literals: Literals = {
  sourceOf: (key) => (key === 'kind' ? kind : undefined),
  idsOf: (_, value) => (value === 'api' ? [7, 8] : []),
};

describe('bindQuery', () => {
  it('replaces keys and values by ids', () => {
    expect(bindQuery(keyIn('Kind', ['API', 'none']), literals)).toEqual({
      op: 'values',
      of: kind,
      match: { by: 'ids', ids: [7, 8] },
    });
    expect(bindQuery(keyHasPrefix('kind', 'Ap'), literals)).toEqual({
      op: 'values',
      of: kind,
      match: { by: 'prefix', from: 'ap', to: 'aq' },
    });
  });

  it('folds what is known to match everything or nothing', () => {
    const unknown = keyExists('unknown');
    expect(bindQuery(allOf([keyExists('kind'), unknown]), literals)).toEqual({ op: 'never' });
    expect(bindQuery(anyOf([nothing, unknown]), literals)).toEqual({ op: 'never' });
    expect(bindQuery({ op: 'not', node: unknown }, literals)).toEqual({ op: 'always' });
    expect(bindQuery(allOf([everything, { op: 'not', node: unknown }]), literals)).toEqual({ op: 'always' });
    expect(bindQuery(textIn(['unknown'], 'x'), literals)).toEqual({ op: 'never' });
    const single = bindQuery(keyExists('kind'), literals);
    expect(bindQuery(allOf([anyOf([keyExists('kind'), unknown]), everything]), literals)).toEqual(single);
    expect(bindQuery({ op: 'not', node: { op: 'not', node: keyExists('kind') } }, literals)).toEqual(single);
  });
});
