import { describe, expect, it } from 'vitest';
import { parseEntityOrder, parseOrderBy, parseOrderFields } from './order.ts';

describe('sort fields', () => {
  it('reads the form of /entities', () => {
    expect(parseEntityOrder(['asc:metadata.Name', 'desc:spec.type'])).toEqual([
      { field: 'metadata.name', order: 'asc' },
      { field: 'spec.type', order: 'desc' },
    ]);
    for (const wrong of ['metadata.name', 'up:kind', 'asc:', '']) {
      expect(() => parseEntityOrder([wrong])).toThrow(/Invalid order parameter/);
    }
  });

  it('reads the form of by-query, ascending by default', () => {
    expect(parseOrderFields(['Kind', 'metadata.name,desc'])).toEqual([
      { field: 'kind', order: 'asc' },
      { field: 'metadata.name', order: 'desc' },
    ]);
    expect(() => parseOrderFields(['kind,up'])).toThrow(/must be asc or desc/);
    expect(() => parseOrderFields([',asc'])).toThrow(/field name is missing/);
    expect(() => parseOrderFields(['kind,asc,asc'])).toThrow(/Invalid order field/);
  });

  it('is bounded', () => {
    expect(() => parseOrderFields(Array.from({ length: 11 }, () => 'kind'))).toThrow(/At most 10/);
    expect(parseOrderBy('kind', 'desc')).toEqual({ field: 'kind', order: 'desc' });
  });
});
