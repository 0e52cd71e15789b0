import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTelemetry } from '@idp/telemetry';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { followLimitsFile } from './limits-file.ts';

/** For conditions that come true at once on an idle machine. */
const patience = { timeout: 60_000 };
vi.setConfig({ testTimeout: 120_000 });

let directory: string;
let file: string;
let lines: Record<string, unknown>[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-limits-'));
  file = join(directory, 'limits.yaml');
  lines = [];
});
afterEach(() => rm(directory, { recursive: true }));

function follow(path: string | undefined = file) {
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const telemetry = createTelemetry({ service: 'test', version: '1', level: 'info', destination });
  const failures = async () =>
    (await telemetry.metrics.registry.getSingleMetric('config_reload_failures_total')!.get()).values[0]?.value;
  return { failures, following: followLimitsFile({ file: path, telemetry, everyMs: 10 }) };
}

const limit = (value: number) => `policies:\n  user: { limit: ${value} }\n`;

test('without a file the table counts', async () => {
  const { following } = follow('');
  await expect(following).rejects.toThrow(/cannot be read/);
  const telemetry = createTelemetry({ service: 'test', version: '1', level: 'silent' });
  using table = await followLimitsFile({ file: undefined, telemetry });
  expect(table.current().policies.user.limit).toBe(600);
});

test('a changed file counts from then on, written in place or renamed', async () => {
  await writeFile(file, limit(10));
  using settings = await follow().following;
  expect(settings.current().policies.user.limit).toBe(10);
  await writeFile(file, '{"policies":{"user":{"limit":20}}}');
  await expect.poll(() => settings.current().policies.user.limit, patience).toBe(20);
  await writeFile(`${file}.new`, limit(30));
  await rename(`${file}.new`, file);
  await expect.poll(() => settings.current().policies.user.limit, patience).toBe(30);
  await writeFile(`${file}.new`, '');
  await rename(`${file}.new`, file);
  await expect.poll(() => settings.current().policies.user.limit, patience).toBe(600);
});

test('a file that cannot be used changes nothing, is told once, and a good one counts again', async () => {
  await writeFile(file, limit(10));
  const { following, failures } = follow();
  using settings = await following;
  for (const [index, broken] of ['{', 'policies: { user: { burst: 1 } }', 'policies: []'].entries()) {
    await writeFile(`${file}.new`, broken);
    await rename(`${file}.new`, file);
    await expect.poll(failures, patience).toBe(index + 1);
    expect(settings.current().policies.user.limit).toBe(10);
  }
  await rm(file);
  await expect.poll(failures, patience).toBe(4);
  expect(lines.filter(({ level }) => level === 'error')).toHaveLength(4);
  await writeFile(`${file}.new`, limit(40));
  await rename(`${file}.new`, file);
  await expect.poll(() => settings.current().policies.user.limit, patience).toBe(40);
  expect(await failures()).toBe(4);
});

test('a start with a file that cannot be used fails and names it', async () => {
  await writeFile(file, 'policies: { user: { burst: 1 } }');
  await expect(follow().following).rejects.toThrow(/RATE_LIMITS_FILE: .*limits\.yaml: D9/);
});
