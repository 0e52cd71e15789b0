import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { currentRun } from '../../src/database/test-run.ts';

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const config = fileURLToPath(new URL('missing/vitest.config.ts', import.meta.url));

/** A vitest run on a machine without Kafka; answers its exit code and all it printed. */
function runWithoutKafka(required: string): Promise<{ code: number | null; output: string }> {
  const { VITEST: _, VITEST_WORKER_ID: __, ...environment } = process.env;
  const env = {
    ...environment,
    NO_COLOR: '1',
    TEST_DATABASE_URL: currentRun().adminUrl,
    KAFKA_BROKERS: '',
    DOCKER_HOST: 'tcp://127.0.0.1:1',
    JAVA_HOME: '/nonexistent',
    REQUIRE_BACKENDS: required,
  };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [vitest, 'run', '--config', config], { env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    }
    child.once('close', (code) => resolve({ code, output }));
  });
}

test('a file whose server is missing is skipped loudly and counted, the others run', { timeout: 60_000 }, async () => {
  const { code, output } = await runWithoutKafka('postgres');
  expect(output).toMatch(/SKIPPED file=\S*needs-kafka\.case\.ts backend=kafka reason=Docker: .*; .*Java 17 or newer/);
  expect(output).toMatch(/SKIPPED files=1 backend=kafka/);
  expect(output).toMatch(/\n1 passed, 0 failed, 1 skipped\n$/);
  expect(code).toBe(0);
});

test('a file whose server is required fails', { timeout: 60_000 }, async () => {
  const { code, output } = await runWithoutKafka('postgres,kafka');
  expect(output).toMatch(/REQUIRE_BACKENDS names kafka, and there is none: .*Java 17 or newer/);
  expect(output).toMatch(/\n1 passed, 1 failed, 0 skipped\n$/);
  expect(code).toBe(1);
});
