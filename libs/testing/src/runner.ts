import { inject, test, TestRunner, type RunnerTestFile } from 'vitest';

/**
 * Skips every file whose server is missing, before any of its hooks runs. PostgreSQL is every file's; of others a file learns
 * while it loads (`await testKafka()` at its top level). The global setup and the servers' desk say so.
 */
export default class BackendRunner extends TestRunner {
  readonly #missing = new Set<string>();

  override async importFile(filepath: string, source: 'collect' | 'setup'): Promise<unknown> {
    try {
      return await super.importFile(filepath, source);
    } catch (error) {
      // Its class is loaded once more in the file's own module graph.
      if (!(error instanceof Error) || error.name !== 'BackendMissingError') throw error;
      this.#missing.add(filepath);
      // oxlint-disable-next-line vitest/no-disabled-tests -- a file without any test would count as broken
      test.skip(`needs a server that is missing: ${error.message}`, () => undefined);
      return undefined;
    }
  }

  onCollected(files: RunnerTestFile[]): void {
    for (const file of files) {
      if (inject('postgres') !== null && !this.#missing.has(file.filepath)) continue;
      file.mode = 'skip';
      for (const task of file.tasks) task.mode = 'skip';
    }
  }
}
