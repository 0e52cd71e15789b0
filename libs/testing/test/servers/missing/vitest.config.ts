import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (file: string) => fileURLToPath(new URL(`../../../src/${file}`, import.meta.url));

/** Runs the cases of this folder, which the ordinary run does not find, as a run of their own. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: ['*.case.ts'],
    globalSetup: [source('global-setup.ts')],
    runner: source('runner.ts'),
    reporters: ['default', source('reporter.ts')],
  },
});
