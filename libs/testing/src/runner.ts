import { inject, TestRunner, type RunnerTestFile } from 'vitest';

/** Skips every file of a project whose PostgreSQL is missing, before any of its hooks runs; the global setup says so once. */
export default class BackendRunner extends TestRunner {
  onCollected(files: RunnerTestFile[]): void {
    if (inject('postgres') !== null) return;
    for (const file of files) {
      file.mode = 'skip';
      for (const task of file.tasks) task.mode = 'skip';
    }
  }
}
