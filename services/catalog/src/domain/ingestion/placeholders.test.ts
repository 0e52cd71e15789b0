import { describe, expect, it } from 'vitest';
import type { Json } from '../model/entity.ts';
import { ModelError } from '../model/model-error.ts';
import { fillPlaceholders } from './placeholders.ts';

const files: Record<string, string> = {
  'a.txt': 'text',
  'a.json': '{"x": [1, {"$text": "a.txt"}]}',
  'a.yaml': 'x: {$json: a.json}\n',
  'deep.yaml': 'x: {$yaml: a.yaml}\n',
  'self.yaml': 'x: {$yaml: self.yaml}\n',
  'two.yaml': 'a: 1\n---\nb: 2\n',
  'bad.json': '{',
};

const fill = (value: Json) =>
  fillPlaceholders(value, {
    base: 'catalog-info.yaml',
    read: async (target) => {
      const text = files[target];
      if (text === undefined) throw new ModelError('not-found', `${target} does not exist`);
      return { text, base: target };
    },
  });

describe('placeholders', () => {
  it('are replaced by what they name, three levels deep', async () => {
    expect(await fill({ spec: { a: { $text: 'a.txt' }, b: { $yaml: 'a.yaml' } } })).toEqual({
      value: { spec: { a: 'text', b: { x: { x: [1, 'text'] } } } },
      includes: ['a.txt', 'a.yaml', 'a.json'],
    });
    expect((await fill({ a: { $yaml: 'deep.yaml' } })).error?.message).toContain('3 levels deep');
  });

  it.each([
    [{ a: { $text: 'none' } }, 'none does not exist', ['a', '$text']],
    [{ a: [{ $yaml: 'self.yaml' }] }, 'includes itself', ['a', 0, '$yaml']],
    [{ a: { $yaml: 'two.yaml' } }, 'exactly one document of data at two.yaml, found 2', ['a', '$yaml']],
    [{ a: { $json: 'bad.json' } }, 'failed to parse JSON data at bad.json', ['a', '$json']],
  ])('say what is wrong and where: %j', async (value, message, path) => {
    const { error, includes } = await fill(value);
    expect(error?.message).toContain(message);
    expect(error?.path.slice(0, path.length)).toEqual(path);
    expect(includes.length).toBeGreaterThan(0);
  });

  it('leave alone what only looks like one', async () => {
    const value = { a: { $ref: '#/x' }, b: { $text: 1 }, c: { $text: 'a.txt', other: 1 }, d: { $openapi: 'a.txt' } };
    expect(await fill(value)).toEqual({ value, includes: [] });
  });
});
