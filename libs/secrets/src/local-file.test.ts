import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { localFileKeyProvider } from './local-file.ts';

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-secrets-'));
  file = join(directory, 'secrets', 'master.key');
});
afterEach(() => rm(directory, { recursive: true }));

test('the first start makes a key file that only its owner may read', async () => {
  await localFileKeyProvider({ file });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(join(directory, 'secrets'))).mode & 0o777).toBe(0o700);
  expect(await readdir(join(directory, 'secrets'))).toEqual(['master.key']);
});

test('a later start opens what an earlier one wrapped', async () => {
  const dek = randomBytes(32);
  const { kekId, wrapped } = await (await localFileKeyProvider({ file })).wrap(dek);
  expect(wrapped.includes(dek)).toBe(false);
  expect(await (await localFileKeyProvider({ file })).unwrap(kekId, wrapped)).toEqual(dek);
});

test('ten starts at once agree on one key', async () => {
  const providers = await Promise.all(Array.from({ length: 10 }, () => localFileKeyProvider({ file })));
  const kekIds = await Promise.all(providers.map(async (provider) => (await provider.wrap(randomBytes(32))).kekId));
  expect(new Set(kekIds).size).toBe(1);
  expect(await readdir(join(directory, 'secrets'))).toEqual(['master.key']);
});

test('a key file others may read is refused', async () => {
  await localFileKeyProvider({ file });
  await chmod(file, 0o640);
  await expect(localFileKeyProvider({ file })).rejects.toThrow('must be 0600');
});

test.each(['', '{}', 'not json', '{"version":1,"active":"a","keys":{"a":"c2hvcnQ"}}'])(
  'a damaged key file %j is refused and left as it is',
  async (content) => {
    await localFileKeyProvider({ file });
    await writeFile(file, content);
    await expect(localFileKeyProvider({ file })).rejects.toThrow('not a key file');
    expect((await stat(file)).size).toBe(content.length);
  },
);

test('an altered wrapped key and a key of another id do not open', async () => {
  const provider = await localFileKeyProvider({ file });
  const { kekId, wrapped } = await provider.wrap(randomBytes(32));
  const altered = Buffer.from(wrapped);
  altered[20] = altered[20]! ^ 1;
  await expect(provider.unwrap(kekId, altered)).rejects.toThrow('unable to authenticate');
  await expect(provider.unwrap('other', wrapped)).rejects.toThrow('no key other');
});

test('health turns false when the file is gone', async () => {
  const provider = await localFileKeyProvider({ file });
  expect(await provider.health()).toBe(true);
  await rm(file);
  expect(await provider.health()).toBe(false);
});
