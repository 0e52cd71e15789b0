import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { csv, durationSeconds, flag, httpUrl, loadConfig, port, refused, secret, type ConfigError } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const schema = z.object({
  PORT: port().default(8080),
  HOSTS: csv().default([]),
  DEBUG: flag().default(false),
  TTL: durationSeconds({ min: 1, max: 60 }).optional(),
  URL: httpUrl().optional(),
  TOKEN: secret().min(8),
  KAFKA: refused('not yet'),
});

function problemsOf(env: NodeJS.ProcessEnv): ConfigError {
  try {
    loadConfig(schema, env);
  } catch (error) {
    return error as ConfigError;
  }
  throw new Error('accepted');
}

test('reads by declared type and fills in defaults', () => {
  const { values } = loadConfig(schema, {
    TOKEN: 'long enough',
    HOSTS: ' a, b ,,c',
    DEBUG: 'on',
    TTL: '5',
    URL: 'http://x.test/api/',
  });
  expect(values).toEqual({
    PORT: 8080,
    HOSTS: ['a', 'b', 'c'],
    DEBUG: true,
    TTL: 5,
    URL: 'http://x.test/api',
    TOKEN: 'long enough',
  });
});

test('names every wrong variable at once and no value', () => {
  const error = problemsOf({
    PORT: '70000',
    DEBUG: 'maybe',
    TTL: '1.5',
    URL: 'ftp://hunter2@x',
    KAFKA: 'broker:9092',
    TOKEN: 'hunter2',
  });
  expect(error.problems.map((problem) => problem.name).sort()).toEqual([
    'DEBUG',
    'KAFKA',
    'PORT',
    'TOKEN',
    'TTL',
    'URL',
  ]);
  expect(error.message).not.toContain('hunter2');
  expect(error.message).toContain('KAFKA: not yet');
});

test('a missing variable is said to be required; an empty one is missing', () => {
  expect(problemsOf({}).problems).toEqual([{ name: 'TOKEN', message: 'is required' }]);
  expect(problemsOf({ TOKEN: '' }).problems).toEqual([{ name: 'TOKEN', message: 'is required' }]);
});

test('NAME_FILE is read, less its last line end', () => {
  const file = join(folder, 'token');
  writeFileSync(file, 'from a file\n');
  const config = loadConfig(schema, { TOKEN_FILE: file });
  expect(config.values.TOKEN).toBe('from a file');
  expect(config.describe().find((entry) => entry.name === 'TOKEN')).toEqual({
    name: 'TOKEN',
    value: '•••',
    source: 'file',
  });
});

test('NAME and NAME_FILE together, or a file that is not there, are refused', () => {
  expect(problemsOf({ TOKEN: 'long enough', TOKEN_FILE: '/x' }).message).toContain('not both');
  expect(problemsOf({ TOKEN_FILE: join(folder, 'none') }).problems).toEqual([
    { name: 'TOKEN', message: 'TOKEN_FILE cannot be read (ENOENT)' },
  ]);
});

test('the printable form hides secrets behind wrappers too, and says where values came from', () => {
  const wrapped = z.object({
    A: secret().optional(),
    B: secret().min(3).default('abc'),
    C: secret().transform((text) => text.length),
    D: z.string().default('d'),
    E: z.string().optional(),
  });
  const entries = loadConfig(wrapped, { A: 'hunter2', C: 'hunter2' }).describe();
  expect(JSON.stringify(entries)).not.toContain('hunter2');
  expect(entries).toEqual([
    { name: 'A', value: '•••', source: 'environment' },
    { name: 'B', value: '•••', source: 'default' },
    { name: 'C', value: '•••', source: 'environment' },
    { name: 'D', value: 'd', source: 'default' },
    { name: 'E', value: undefined, source: 'unset' },
  ]);
});
