import { createFileRegistry, equals, fromBinary, toBinary, toJson, type DescMessage } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buf, protoDirectory } from '../src/generate/buf.ts';
import { decodeEvent, encodeEvent, eventTypes, type EventType } from '../src/index.ts';
import { arbitraryMessage } from './arbitrary-message.ts';

/**
 * Two releases run side by side: each reads what the other writes. The release before this one is the committed baseline; the one
 * after it is made up: every message has a field more, every enum a value more.
 */
type Release = (type: string) => DescMessage | undefined;

async function releaseOf(path: string | URL): Promise<Release> {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, await readFile(path)));
  return (type) => registry.getMessage(type);
}

const before = await releaseOf(new URL('baseline/idp.binpb', protoDirectory));
const releases: Record<'before' | 'after', Release> = { before, after: before };
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-two-versions-'));
  await cp(fileURLToPath(protoDirectory), directory, { recursive: true });
  for (const file of await readdir(join(directory, 'idp'), { recursive: true })) {
    if (!file.endsWith('.proto')) continue;
    const path = join(directory, 'idp', file);
    await writeFile(path, grown(await readFile(path, 'utf8')));
  }
  const image = join(directory, 'after.binpb');
  await buf('build', directory, '-o', image);
  releases.after = await releaseOf(image);
});
afterAll(() => rm(directory, { recursive: true }));

function grown(source: string): string {
  return source
    .replaceAll(/^message (\w+) \{$/gm, 'message $1 {\n  repeated string added_later = 900;')
    .replaceAll(/^enum (\w+) \{\n((?:.*\n)*?)\}$/gm, (_, name: string, values: string) => {
      const prefix = name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
      return `enum ${name} {\n${values}  ${prefix}_ADDED_LATER = 19;\n}`;
    });
}

const types = Object.keys(eventTypes) as EventType[];

describe.each(['before', 'after'] as const)('the release %s this one', (which) => {
  // A message that is newer than the last release has no readers there.
  const known = types.filter((type) => which === 'after' || before(type) !== undefined);

  it.each(known)('reads and keeps what this one writes: %s', (type) => {
    const theirs = releases[which](type)!;
    const { schema } = eventTypes[type];
    fc.assert(
      fc.property(arbitraryMessage(schema), (message) => {
        const read = fromBinary(theirs, encodeEvent(type, message as never));
        expect(sharedFields(theirs, schema, read)).toEqual(sharedFields(schema, theirs, message));
        const passedOn = decodeEvent(type, toBinary(theirs, read));
        expect(equals(schema, passedOn as never, message as never)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it.each(known)('is read and kept by this one: %s', (type) => {
    const theirs = releases[which](type)!;
    const { schema } = eventTypes[type];
    fc.assert(
      fc.property(arbitraryMessage(theirs), (message) => {
        const read = decodeEvent(type, toBinary(theirs, message));
        expect(sharedFields(schema, theirs, read)).toEqual(sharedFields(theirs, schema, message));
        const passedOn = fromBinary(theirs, encodeEvent(type, read as never));
        expect(equals(theirs, passedOn, message)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

it('the release after this one is another one', () => {
  for (const type of types) {
    expect(releases.after(type)!.fields).toHaveLength(eventTypes[type].schema.fields.length + 1);
  }
});

/** JSON of the fields that both releases have, enums as numbers. */
function sharedFields(schema: DescMessage, other: DescMessage, message: unknown): unknown {
  const json = toJson(schema, message as never, { enumAsInteger: true }) as Record<string, unknown>;
  const names = other.fields.map((field) => field.jsonName);
  return Object.fromEntries(
    Object.entries(json)
      .filter(([name]) => names.includes(name))
      .map(([name, value]) => [name, withoutAdded(value)]),
  );
}

function withoutAdded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAdded);
  if (typeof value !== 'object' || value === null) return value;
  const rest = Object.entries(value).filter(([name]) => name !== 'addedLater');
  return Object.fromEntries(rest.map(([name, nested]) => [name, withoutAdded(nested)]));
}
