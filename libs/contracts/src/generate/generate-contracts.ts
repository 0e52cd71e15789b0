import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { DescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buf, protoDirectory } from './buf.ts';
import { messagesSource, registrySource, type EventSource } from './registry-source.ts';
import { readTopicRows, type TopicRow } from './topics-file.ts';

export { buf, protoDirectory } from './buf.ts';
export { readTopicRows } from './topics-file.ts';
export type { TopicRow } from './topics-file.ts';

const generated = new URL('../generated/', import.meta.url);

/**
 * Writes libs/contracts/src/generated: message types by buf, and the topic registry from proto/topics.yaml.
 * Rejects when the schemas do not build, or when a message has no row, or a row no message.
 */
export async function generateContracts(): Promise<void> {
  const rows = readTopicRows(new URL('topics.yaml', protoDirectory));
  const events = await readEvents();
  assertOneRowPerMessage(rows, events);
  await buf('generate');
  await writeFile(new URL('registry.ts', generated), registrySource(rows, events));
  await writeFile(new URL('messages.ts', generated), messagesSource(rows, events));
}

/** Rejects when the schemas break a lint rule, or break readers of the last released ones (proto/baseline). */
export async function checkContracts(): Promise<void> {
  await buf('lint');
  await buf('breaking', '--against', 'baseline/idp.binpb');
  assertOneRowPerMessage(readTopicRows(new URL('topics.yaml', protoDirectory)), await readEvents());
}

function assertOneRowPerMessage(rows: readonly TopicRow[], events: ReadonlyMap<string, EventSource>): void {
  const listed = new Set(rows.map((row) => row.message));
  const problems = [
    ...[...events.keys()].filter((message) => !listed.has(message)).map((message) => `${message} has no row`),
    ...[...listed].filter((message) => !events.has(message)).map((message) => `${message} is no event message`),
  ];
  if (problems.length > 0) throw new Error(`proto/topics.yaml:\n${problems.join('\n')}`);
}

/**
 * Event messages with their file and the first 8 hexadecimal digits of the SHA-256 of their descriptor.
 * An event is a top-level message with a tenant: that field is what the payload's tenant is compared by.
 */
async function readEvents(): Promise<ReadonlyMap<string, EventSource>> {
  const directory = await mkdtemp(join(tmpdir(), 'idp-proto-'));
  try {
    const image = join(directory, 'image.binpb');
    await buf('build', '--exclude-imports', '-o', image);
    const { file } = fromBinary(FileDescriptorSetSchema, await readFile(image));
    return new Map(
      file.flatMap(({ name: path, package: name, messageType }) =>
        messageType
          .filter((message) => message.field.some((field) => field.name === 'tenant_id'))
          .map((message) => {
            const bytes = toBinary(DescriptorProtoSchema, message);
            const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
            return [`${name}.${message.name}`, { file: path, hash }];
          }),
      ),
    );
  } finally {
    await rm(directory, { recursive: true });
  }
}
