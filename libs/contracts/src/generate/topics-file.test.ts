import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { protoDirectory } from './buf.ts';
import { registrySource } from './registry-source.ts';
import { readTopicRows } from './topics-file.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-topics-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function rows(messages: string) {
  const path = join(directory, 'topics.yaml');
  const defaults =
    'defaults: { partitions: 12, retentionHours: 168, cleanup: delete, pii: none, beats: false, consumers: [] }';
  await writeFile(path, `${defaults}\nmessages:\n${messages}`);
  return readTopicRows(pathToFileURL(path));
}

it('fills in the defaults', async () => {
  const [row] = await rows('  idp.a.v1.Made: { topic: idp.a.thing.v1, owner: a, aggregate: thing, carries: state }\n');
  expect(row).toMatchObject({
    message: 'idp.a.v1.Made',
    partitions: 12,
    retentionHours: 168,
    consumers: [],
    notFor: [],
  });
});

it.each([
  ['an unknown column', '{ topic: idp.a.thing.v1, owner: a, aggregate: thing, carries: state, color: red }', /color/],
  ['no carries', '{ topic: idp.a.thing.v1, owner: a, aggregate: thing }', /carries/],
  [
    'a topic of another owner',
    '{ topic: idp.b.thing.v1, owner: a, aggregate: thing, carries: state }',
    /start with idp\.a\.thing/,
  ],
  ['no owner', '{ topic: idp.a.thing.v1, aggregate: thing, carries: state }', /owner is absent exactly/],
  [
    'an owner of a shared topic',
    "{ topic: 'idp.{service}.thing.v1', owner: a, aggregate: thing, carries: fact }",
    /owner is absent exactly/,
  ],
  [
    'a consumer without service',
    '{ topic: idp.a.thing.v1, owner: a, aggregate: thing, carries: state, consumers: [b] }',
    /consumers/,
  ],
])('refuses a row with %s', async (_, row, message) => {
  await expect(rows(`  idp.a.v1.Made: ${row}\n`)).rejects.toThrow(message);
});

it('refuses two messages that want one topic different', async () => {
  const two = ['Made', 'Gone'].map(
    (name, at) =>
      `  idp.a.v1.${name}: { topic: idp.a.thing.v1, owner: a, aggregate: thing, carries: state, partitions: ${at + 1} }\n`,
  );
  await expect(rows(two.join(''))).rejects.toThrow(/partitions differs/);
});

it('gives two messages of one name in two packages two names', async () => {
  const source = registrySource(
    await rows(
      ['a', 'b']
        .map(
          (service) =>
            `  idp.${service}.v1.Made: { topic: idp.${service}.thing.v1, owner: ${service}, aggregate: thing, carries: state }\n`,
        )
        .join(''),
    ),
    new Map(),
  );
  expect(source).toContain('MadeSchema as aMadeSchema');
  expect(source).toContain('MadeSchema as bMadeSchema');
});

it('imports a message from the file that holds it', async () => {
  const source = registrySource(
    await rows('  idp.a.v1.Made: { topic: idp.a.thing.v1, owner: a, aggregate: thing, carries: state }\n'),
    new Map([['idp.a.v1.Made', { file: 'idp/a/v1/more_events.proto', hash: 'abcdef01' }]]),
  );
  expect(source).toContain("from './idp/a/v1/more_events_pb.ts'");
  expect(source).toContain('buf:idp.a.v1.Made#abcdef01');
});

it('reads the rows of the product', () => {
  expect(readTopicRows(new URL('topics.yaml', protoDirectory)).length).toBeGreaterThan(10);
});
