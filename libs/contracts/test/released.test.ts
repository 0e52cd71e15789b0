import { fromBinary, toJson } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buf, checkContracts, protoDirectory } from '../src/generate/generate-contracts.ts';
import { readGolden } from '../src/generate/release-contracts.ts';
import { decodeEvent, eventTypes, findEventType, type EventType } from '../src/index.ts';

async function releasedMessages(): Promise<string[]> {
  const { file } = fromBinary(FileDescriptorSetSchema, await readFile(new URL('baseline/idp.binpb', protoDirectory)));
  return file
    .filter((each) => each.package.startsWith('idp.'))
    .flatMap((each) =>
      each.messageType
        .filter((message) => message.field.some((field) => field.name === 'tenant_id'))
        .map((message) => `${each.package}.${message.name}`),
    );
}

it('reads the golden bytes of every released message as buf does', async () => {
  for (const type of (await releasedMessages()) as EventType[]) {
    expect(findEventType(type), type).toBeDefined();
    const golden = await readGolden(type);
    expect(golden.length, `golden bytes of ${type}`).toBeGreaterThan(0);
    for (const { path, bytes } of golden) {
      const ours = toJson(eventTypes[type].schema, decodeEvent(type, bytes) as never);
      const theirs: unknown = JSON.parse(
        await buf(
          'convert',
          '.',
          '--type',
          type,
          '--from',
          `${fileURLToPath(path)}#format=binpb`,
          '--to',
          '-#format=json',
        ),
      );
      expect(theirs).toEqual(ours);
    }
  }
});

it('passes lint and breaking rules, with one row per message', async () => {
  await expect(checkContracts()).resolves.toBeUndefined();
});

let copy: string;
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'idp-breaking-'));
  await cp(fileURLToPath(protoDirectory), copy, { recursive: true });
});
afterAll(() => rm(copy, { recursive: true }));

const file = 'idp/auth/v1/events.proto';
it.each([
  ['removes a field', '  string slug = 2;\n', ''],
  ['renumbers a field', '  string slug = 2;', '  string slug = 12;'],
  ['retypes a field', '  string slug = 2;', '  int64 slug = 2;'],
  ['removes a message', /message MemberAdded \{[^}]*\}/, ''],
])('a change that %s breaks readers and fails without network', async (_, from, to) => {
  const original = await readFile(join(copy, file), 'utf8');
  const changed = original.replace(from, to);
  expect(changed).not.toBe(original);
  await writeFile(join(copy, file), changed);
  try {
    await expect(buf('breaking', copy, '--against', 'baseline/idp.binpb')).rejects.toThrow('failed');
  } finally {
    await writeFile(join(copy, file), original);
  }
});

it('a change that adds a field passes', async () => {
  const original = await readFile(join(copy, file), 'utf8');
  await writeFile(
    join(copy, file),
    original.replace('  string slug = 2;\n', '  string slug = 2;\n  string added = 77;\n'),
  );
  await expect(buf('breaking', copy, '--against', 'baseline/idp.binpb')).resolves.toBe('');
  await writeFile(join(copy, file), original);
});
