import { linkSync, rmSync } from 'node:fs';
import { isRunning, markOf, readMark, writeMark, type ProcessMark } from './process-mark.ts';
import { ToolError } from './tool-error.ts';

/**
 * Marks the directory as used by this process, so that a second live one is refused while the servers of a killed one can
 * be found. The mark of a process that is gone, or whose pid another process has now, is replaced. Returns its release.
 * Throws ToolError naming the directory, the other process and where to go instead.
 */
export function takeOwnership(lockFile: string, directory: string, instead = 'another IDP_DATA_DIR'): () => void {
  const own = markOf(process.pid);
  const draft = `${lockFile}.${process.pid}`;
  writeMark(draft, own);
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (linked(draft, lockFile)) return () => release(lockFile, own);
      if (hasLiveOwner(lockFile)) {
        throw new ToolError(
          `${directory} is in use by process ${readMark(lockFile)?.pid}; stop it or choose ${instead}`,
        );
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
  return isRunning(readMark(lockFile));
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

function release(lockFile: string, own: ProcessMark): void {
  const current = readMark(lockFile);
  if (current?.pid === own.pid && current.identity === own.identity) rmSync(lockFile, { force: true });
}
