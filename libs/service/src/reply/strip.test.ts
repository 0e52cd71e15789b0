import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { compileStrip } from './strip.ts';

const inner = z.object({ a: z.string(), b: z.number().optional() });

describe('compileStrip', () => {
  test.each([
    ['object', inner, { a: 'x', secret: 1 }, { a: 'x' }],
    [
      'nested and optional',
      z.object({ i: inner.optional(), n: inner.nullable() }),
      { i: { a: '', s: 1 }, n: null, s: 1 },
      { i: { a: '' }, n: null },
    ],
    ['array', z.array(inner), [{ a: 'x', s: 1 }], [{ a: 'x' }]],
    ['record', z.record(z.string(), inner), { k: { a: 'x', s: 1 } }, { k: { a: 'x' } }],
    ['tuple', z.tuple([inner, z.string()]), [{ a: 'x', s: 1 }, 'y', 'extra'], [{ a: 'x' }, 'y']],
    ['strict object', z.strictObject({ a: z.string() }), { a: 'x', s: 1 }, { a: 'x' }],
    ['loose object', z.looseObject({ a: inner }), { a: { a: 'x', s: 1 }, kept: 2 }, { a: { a: 'x' }, kept: 2 }],
    ['default and readonly', inner.readonly().default({ a: '' }), { a: 'x', s: 1 }, { a: 'x' }],
    ['unknown', z.unknown(), { a: { s: 1 } }, { a: { s: 1 } }],
    [
      'intersection',
      z.intersection(z.object({ a: z.string() }), z.object({ c: z.number() })),
      { a: 'x', c: 1, s: 1 },
      { a: 'x', c: 1 },
    ],
    [
      'union by members',
      z.union([z.object({ x: z.string() }), z.object({ y: z.string() })]),
      { y: 'v', s: 1 },
      { y: 'v' },
    ],
    [
      'union by literal',
      z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b'), v: z.number() })]),
      { k: 'b', v: 1, s: 1 },
      { k: 'b', v: 1 },
    ],
    [
      'union that nothing fits',
      z.union([z.object({ x: z.string() }), z.object({ y: z.string() })]),
      { s: 1 },
      undefined,
    ],
    ['union with a primitive', z.union([z.string(), inner]), 'text', 'text'],
  ])('%s', (_name, schema, value, expected) => {
    expect(compileStrip(schema)(value)).toEqual(expected);
  });

  test('a schema that contains itself', () => {
    interface Tree {
      name: string;
      children: Tree[];
    }
    const tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(tree) }));
    const value = { name: 'a', s: 1, children: [{ name: 'b', s: 2, children: [] }] };
    expect(compileStrip(tree)(value)).toEqual({ name: 'a', children: [{ name: 'b', children: [] }] });
  });

  test('agrees with zod on what is kept', () => {
    const schema = z.object({
      id: z.string(),
      tags: z.array(z.object({ k: z.string() })),
      more: z.record(z.string(), inner),
      maybe: inner.nullish(),
    });
    const extra = fc.dictionary(fc.constantFrom('secret', 'x', 'zz'), fc.integer());
    const leaf = fc.record({ a: fc.string(), b: fc.option(fc.integer(), { nil: undefined }) }, { requiredKeys: ['a'] });
    const shape = fc.record({
      id: fc.string(),
      tags: fc.array(fc.tuple(fc.record({ k: fc.string() }), extra).map(([a, b]) => ({ ...b, ...a }))),
      more: fc.dictionary(
        fc.constantFrom('p', 'q'),
        fc.tuple(leaf, extra).map(([a, b]) => ({ ...b, ...a })),
      ),
      maybe: fc.option(leaf),
    });
    const strip = compileStrip(schema);
    fc.assert(
      fc.property(shape, extra, (value, more) => {
        const input = { ...more, ...value };
        expect(JSON.stringify(strip(input))).toBe(JSON.stringify(schema.parse(input)));
      }),
    );
  });
});
