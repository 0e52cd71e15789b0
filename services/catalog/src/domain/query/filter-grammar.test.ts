import { describe, expect, it } from 'vitest';
import { queryLeavesMax } from './bounds.ts';
import { parseFilters } from './filter-grammar.ts';
import { everything } from './tree.ts';

describe('parseFilters', () => {
  it('reads sets as alternatives and conditions as conjunction', () => {
    expect(parseFilters(['kind=User,metadata.namespace=Default', 'kind=group,spec.type'])).toEqual({
      op: 'any',
      nodes: [
        {
          op: 'all',
          nodes: [
            { op: 'in', key: 'kind', values: ['user'] },
            { op: 'in', key: 'metadata.namespace', values: ['default'] },
          ],
        },
        {
          op: 'all',
          nodes: [
            { op: 'in', key: 'kind', values: ['group'] },
            { op: 'exists', key: 'spec.type' },
          ],
        },
      ],
    });
  });

  it('joins the values of one key within a set', () => {
    expect(parseFilters(['kind=component,kind=api'])).toEqual({ op: 'in', key: 'kind', values: ['component', 'api'] });
  });

  it('lets values win over existence of the same key', () => {
    expect(parseFilters(['kind,kind=api'])).toEqual({ op: 'in', key: 'kind', values: ['api'] });
  });

  it('trims, keeps what follows the first equals sign, and compares with the empty text', () => {
    expect(parseFilters([' metadata.annotations.a = b=c , x= '])).toEqual({
      op: 'all',
      nodes: [
        { op: 'in', key: 'metadata.annotations.a', values: ['b=c'] },
        { op: 'in', key: 'x', values: [''] },
      ],
    });
  });

  it('matches everything when no condition is left', () => {
    expect(parseFilters([])).toEqual(everything);
    expect(parseFilters(['', ' , '])).toEqual(everything);
  });

  it('refuses a condition without a key', () => {
    expect(() => parseFilters(['=x'])).toThrow(/'=x' is not a valid statement/);
  });

  it('takes 500 conditions and refuses 501', () => {
    const set = (count: number): string[] => [Array.from({ length: count }, (_, index) => `k${index}=v`).join(',')];
    expect(() => parseFilters(set(queryLeavesMax))).not.toThrow();
    expect(() => parseFilters(set(queryLeavesMax + 1))).toThrow(/at most 500/);
  });
});
