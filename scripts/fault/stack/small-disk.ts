import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, statfsSync } from 'node:fs';

/** A file system of its own for a server's data, which can be full while the rest of the machine is not. */
export interface SmallDisk {
  /** Takes away all space that is not in use. */
  fill(): void;
  /** Gives it back. */
  free(): void;
  /** Forgets it with everything on it. */
  remove(): void;
}

/** More than any campaign writes between two stacks. */
const roomKiB = 4 * 1_048_576;
const fillTries = 20;

/** Mounts one in `directory`, which is made. Undefined where this user may not mount. */
export function mountSmallDisk(directory: string, owner?: { uid: number; gid: number }): SmallDisk | undefined {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  try {
    run('mount', ['-t', 'tmpfs', '-o', `mode=700,size=${roomKiB}k`, 'idp-fault', directory]);
  } catch {
    return undefined;
  }
  if (owner !== undefined) chownSync(directory, owner.uid, owner.gid);
  const resize = (kibibytes: number) => run('mount', ['-o', `remount,size=${kibibytes}k`, directory]);
  return {
    fill() {
      // Servers write while the size is taken: it may be too small by the time it is set.
      for (let tries = 1; ; tries++) {
        const { blocks, bfree, bsize } = statfsSync(directory);
        try {
          return resize(Math.ceil(((blocks - bfree) * bsize) / 1024));
        } catch (error) {
          if (tries === fillTries) throw error;
        }
      }
    },
    free: () => resize(roomKiB),
    remove: () => unmount(directory),
  };
}

/** Ends every such file system below `directory`, e.g. of a run that was killed. */
export function unmountBelow(directory: string): void {
  if (process.platform !== 'linux') return;
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([device, point]) => device === 'idp-fault' && point?.startsWith(`${directory}/`));
  for (const [, point] of points) unmount(point!);
}

/** Also while somebody still has a file open on it. */
function unmount(directory: string): void {
  run('umount', ['-l', directory]);
}

function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
