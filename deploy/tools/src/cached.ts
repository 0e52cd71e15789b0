import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasLiveOwner, takeOwnership } from './owner-lock.ts';

/** Where downloads of all clones of this user are kept: `$XDG_CACHE_HOME/idp`, else `~/.cache/idp`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME;
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'idp');
}

/**
 * The path of `name` in `folder`, made by `fetch` at the first call; a second process waits for the first. `fetch` gets the path
 * it shall write to: another one until all is there, so that a killed download leaves nothing that looks whole.
 */
export async function fetchOnce(
  folder: string,
  name: string,
  fetch: (draft: string) => Promise<void>,
): Promise<string> {
  const path = join(folder, name);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  const release = await waitForOwnership(join(folder, 'owner'), folder);
  try {
    if (existsSync(path)) return path;
    const draft = `${path}.new`;
    await rm(draft, { recursive: true, force: true });
    await fetch(draft);
    await rename(draft, path);
    return path;
  } finally {
    release();
  }
}

async function waitForOwnership(lockFile: string, folder: string): Promise<() => void> {
  for (;;) {
    try {
      return takeOwnership(lockFile, folder);
    } catch (error) {
      if (!hasLiveOwner(lockFile)) throw error;
      await delay(100);
    }
  }
}
