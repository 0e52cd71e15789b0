import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { processIdentity } from '../process.ts';
import { ToolError } from '../tool-error.ts';

interface Owner {
  pid: number;
  identity: string;
}

/**
 * Marks the directory as used by this process, so that a second live one is refused while the PostgreSQL of a killed one can
 * be adopted. The mark of a process that is gone, or whose pid another process has now, is replaced. Returns its release.
 * Throws ToolError naming the directory and the other process.
 */
export function takeOwnership(lockFile: string, directory: string): () => void {
  const own: Owner = { pid: process.pid, identity: processIdentity(process.pid) ?? '' };
  const draft = `${lockFile}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(own), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (linked(draft, lockFile)) return () => release(lockFile, own);
      if (hasLiveOwner(lockFile)) {
        const pid = readOwner(lockFile)?.pid;
        throw new ToolError(`${directory} is in use by process ${pid}; stop it or choose another IDP_DATA_DIR`);
      }
      rmSync(lockFile, { force: true });
    }
    throw new ToolError(`${directory} is being taken by another process; start again`);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** True when the process that marked the directory still runs. */
export function hasLiveOwner(lockFile: string): boolean {
  const owner = readOwner(lockFile);
  return owner !== undefined && processIdentity(owner.pid) === owner.identity;
}

/** A hard link appears whole or not at all, so nobody ever reads half a mark. */
function linked(draft: string, lockFile: string): boolean {
  try {
    linkSync(draft, lockFile);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(lockFile: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function release(lockFile: string, own: Owner): void {
  const current = readOwner(lockFile);
  if (current?.pid === own.pid && current.identity === own.identity) rmSync(lockFile, { force: true });
}
