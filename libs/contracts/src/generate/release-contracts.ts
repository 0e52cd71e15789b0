import { toBinary } from '@bufbuild/protobuf';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { eventTypes } from '../generated/registry.ts';
import { buf, protoDirectory } from './buf.ts';
import { sampleMessage } from './sample-message.ts';

/** Folder with the bytes of every released message: `<type>/<n>.binpb`. Every later decoder must read all of them. */
const goldenDirectory = new URL('golden/', protoDirectory);

/**
 * Makes the present schemas the released ones: golden bytes of each message whose fields have changed since the last release,
 * then the baseline that `buf breaking` compares with.
 */
export async function releaseContracts(): Promise<void> {
  for (const [type, { schema }] of Object.entries(eventTypes)) {
    const folder = new URL(`${type}/`, goldenDirectory);
    await mkdir(folder, { recursive: true });
    const present = await readGolden(type);
    const bytes = Buffer.from(toBinary(schema, sampleMessage(schema)));
    if (present.some((known) => known.bytes.equals(bytes))) continue;
    await writeFile(new URL(`${present.length + 1}.binpb`, folder), bytes);
  }
  await buf('build', '-o', 'baseline/idp.binpb');
}

export interface GoldenMessage {
  name: string;
  path: URL;
  bytes: Buffer;
}

/** The golden bytes of one type, oldest first; empty for a type that was never released. */
export async function readGolden(type: string): Promise<GoldenMessage[]> {
  const folder = new URL(`${type}/`, goldenDirectory);
  const names = await readdir(folder).catch(() => []);
  const sorted = names
    .filter((name) => name.endsWith('.binpb'))
    .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  return Promise.all(
    sorted.map(async (name) => {
      const path = new URL(name, folder);
      return { name, path, bytes: await readFile(path) };
    }),
  );
}
