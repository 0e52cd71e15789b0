import type { Reporter, TestModule } from 'vitest/node';

/**
 * Prints the closing line that CI reads, as the very last line of the run: `N passed, N failed, N skipped`.
 * A file that does not load and an error outside of tests count as failed: counting tests alone would hide them.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[], reason: string): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    let broken = unhandledErrors.length;
    for (const module of modules) {
      if (module.errors().length > 0 || (module.state() === 'failed' && module.children.size === 0)) broken += 1;
      for (const test of module.children.allTests()) count[test.result().state] += 1;
    }
    // A setup that throws ends the run before there is a module or an error to count.
    if (reason === 'failed' && count.failed + broken === 0) broken = 1;
    const skipped = count.skipped + count.pending;
    // Servers stop after this hook and print: the line waits for the end of the process.
    process.once('exit', () => {
      process.stdout.write(`\n${count.passed} passed, ${count.failed + broken} failed, ${skipped} skipped\n`);
    });
  }
}
