import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A starter needs a while before it marks the directory as its own: Kafka's jars may have to be fetched first. */
const unownedMaxMs = 600_000;

/**
 * Ends the servers of runs that were killed and removes their directories, found below the temporary folder by their prefix.
 * `stop` answers false for a server whose run still lives.
 */
export async function removeAbandoned(prefix: string, stop: (directory: string) => Promise<boolean>): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const directory = join(tmpdir(), name);
    if (await isStarting(directory)) continue;
    if (await stop(directory)) await rm(directory, { recursive: true, force: true });
  }
}

async function isStarting(directory: string): Promise<boolean> {
  if (existsSync(join(directory, 'owner'))) return false;
  const found = await stat(directory).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < unownedMaxMs;
}
