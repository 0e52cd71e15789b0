import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import { parseYaml, type ParsedDocument } from './parse-yaml.ts';

const errors = (text: string) => {
  return parseYaml(text).map((document) =>
    document.ok ? 'ok' : { ...document.error.position, reason: document.error.reason },
  );
};
const first = (text: string): ParsedDocument => {
  const [document] = parseYaml(text);
  if (!document) throw new Error('no document');
  return document;
};

describe('YAML of descriptor files', () => {
  it('is read document by document; empty ones keep their place', () => {
    const documents = parseYaml('# only a comment\n---\na: 1\n---\n---\nb: 2\n---\n');
    expect(documents.map((document) => [document.index, document.ok && document.value])).toEqual([
      [0, { a: 1 }],
      [2, { b: 2 }],
    ]);
  });

  it('names line and column of what it cannot read, and goes on', () => {
    expect(errors('a: 1\n---\nb: [\n---\nc: 3\n')).toEqual(['ok', { line: 4, column: 1, reason: 'yaml' }, 'ok']);
    expect(errors('a:\n\tb: 1\n')).toEqual([{ line: 2, column: 1, reason: 'yaml' }]);
    expect(errors('a: 1\nb: 2\na: 3\n')).toEqual([{ line: 3, column: 1, reason: 'yaml' }]);
    expect(errors('- a\n- b\n')).toEqual([{ line: 1, column: 1, reason: 'yaml' }]);
    expect(errors('just text')).toEqual([{ line: 1, column: 1, reason: 'yaml' }]);
  });

  it('refuses what JSON and the database cannot hold', () => {
    expect(errors('a: "x\\0y"\n')).toEqual([{ line: 1, column: 4, reason: 'value' }]);
    expect(errors('a: "\\uD800"\n')).toEqual([{ line: 1, column: 4, reason: 'value' }]);
    expect(errors('a: {b: .nan}\n')).toEqual([{ line: 1, column: 8, reason: 'value' }]);
    expect(errors('__proto__: {polluted: true}\n')).toEqual([expect.objectContaining({ reason: 'value' })]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('keeps its bounds: documents, nodes, aliases, depth', () => {
    expect(errors('a: 1\n---\n'.repeat(limits.documentsPerFile + 1)).at(-1)).toMatchObject({ reason: 'limit' });
    expect(errors(`a: [${'1,'.repeat(limits.nodes)}]\n`)).toEqual([expect.objectContaining({ reason: 'limit' })]);
    expect(errors(`- ${'k: 1\n  '.repeat(limits.nodes)}`)).toEqual([expect.objectContaining({ reason: 'limit' })]);
    expect(errors(`${'['.repeat(200_000)}`)).toEqual([
      expect.objectContaining({ reason: expect.stringMatching(/limit|yaml/) }),
    ]);
    expect(errors(`a: ${'{b: '.repeat(80)}1${'}'.repeat(80)}\n`)).toEqual([
      expect.objectContaining({ reason: 'limit' }),
    ]);
    const aliases = `x: &x 1\nlist: [${'*x,'.repeat(limits.aliases + 1)}]\n`;
    expect(errors(aliases)).toEqual([expect.objectContaining({ reason: 'limit' })]);
  });

  it('does not write out a bomb of aliases', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`);
    expect(errors(`l0: &l0 [lol]\n${levels.join('\n')}\n`)).toEqual([
      expect.objectContaining({ reason: expect.any(String) }),
    ]);
    expect(errors(`a: &a\n  b: *a\n`)).toEqual([expect.objectContaining({ reason: expect.any(String) })]);
  });

  it('finds a node, the nearest one above where there is none, and the key of an empty value', () => {
    const document = first('kind: A\nmetadata:\n  name: x\n  tags: [a, b]\n  owner:\nspec: {}\n');
    if (!document.ok) throw new Error('not read');
    expect(document.locate(['metadata', 'tags', 1])).toEqual({ line: 4, column: 13 });
    expect(document.locate(['metadata', 'labels', 'x'])).toEqual({ line: 3, column: 3 });
    expect(document.locate(['metadata', 'owner'])).toEqual({ line: 5, column: 3 });
    expect(document.locate([])).toEqual({ line: 1, column: 1 });
  });

  it('never throws and always says where, whatever the bytes', () => {
    const piece = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '-',
      '---\n',
      '[',
      ']',
      '{',
      '}',
      '&x ',
      '*x',
      '"',
      "'",
      '|',
      '>',
      '\t',
      '#',
      '? ',
      '!!',
      '%',
    );
    const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
    const property = fc.property(text, (source) => {
      for (const document of parseYaml(source)) {
        if (document.ok) continue;
        expect(document.error.position?.line).toBeGreaterThan(0);
        expect(document.error.position?.column).toBeGreaterThan(0);
        expect(document.error.message).not.toBe('');
      }
    });
    fc.assert(property, { numRuns: 3000 });
  });
});
