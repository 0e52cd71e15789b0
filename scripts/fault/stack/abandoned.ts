import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasLiveOwner, stopAbandonedKafka, stopAbandonedPostgres, stopAbandonedRedis, stopMarked } from '@idp/tools';
import { unmountBelow } from './small-disk.ts';

export const directoryPrefix = 'idp-fault-';
const mark = '.process';

/** The file by which a run says that it lives. */
export function ownerFile(directory: string): string {
  return join(directory, 'owner');
}

/** Ends the servers and services of runs that were killed, and removes their directories. */
export async function removeAbandonedStacks(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(directoryPrefix)) continue;
    const directory = join(tmpdir(), name);
    if (hasLiveOwner(ownerFile(directory))) continue;
    for (const file of await readdir(directory)) if (file.endsWith(mark)) await stopMarked(join(directory, file));
    await stopAbandonedPostgres(join(directory, 'postgres'));
    await stopAbandonedKafka(join(directory, 'kafka'));
    await stopAbandonedRedis(join(directory, 'redis'));
    unmountBelow(directory);
    await rm(directory, { recursive: true, force: true });
  }
}
