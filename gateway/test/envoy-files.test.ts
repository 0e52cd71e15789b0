import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testEnvoy } from '@idp/testing';
import { validateEnvoy } from '@idp/tools';
import { expect, test } from 'vitest';
import { fill } from '../generate/envoy/render.ts';

const binary = await testEnvoy();
const example = fileURLToPath(new URL('../../deploy/envoy/envoy.yaml', import.meta.url));

test('Envoy takes the committed example', async () => {
  await expect(validateEnvoy(example, binary)).resolves.toBeUndefined();
});

test('Envoy takes no example with a field it does not know', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'idp-envoy-'));
  const path = join(directory, 'envoy.yaml');
  const text = await readFile(example, 'utf8');
  await writeFile(path, text.replace('suppress_envoy_headers', 'suppress_every_header'));
  await expect(validateEnvoy(path, binary)).rejects.toThrow(/suppress_every_header/);
  await rm(directory, { recursive: true });
});

test('a template with a name that has no value is refused', () => {
  expect(fill('a: ${ONE}', { ONE: ['x'] })).toBe('a: ["x"]');
  expect(() => fill('a: ${TWO}', { ONE: 1 })).toThrow('nothing is given for TWO');
});
