import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { faults } from '../faults/index.ts';
import { mutants } from './mutants.ts';

test.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
  '%s finds the texts it changes',
  async (_, mutant) => {
    for (const { file, text, replacement } of mutant.changes) {
      const source = await readFile(new URL(`../../../${file}`, import.meta.url), 'utf8');
      expect(source.split(text)).toHaveLength(2);
      expect(replacement).not.toBe(text);
    }
    expect(faults.map(({ name }) => name)).toContain(mutant.fault);
  },
);
