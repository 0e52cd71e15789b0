import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine, processIdentity } from '../process.ts';

/** What a running postmaster tells about itself in `postmaster.pid` (src/include/utils/pidfile.h of PostgreSQL). */
export interface RunningPostmaster {
  pid: number;
  port: number;
  socketDirectory: string;
  listenAddress: string;
  ready: boolean;
}

/**
 * The postmaster that runs on this data directory, or undefined. A pid file whose process is gone, is a zombie or is somebody
 * else's (a recycled pid: PostgreSQL would then refuse to start for ever) is removed.
 */
export function findPostmaster(data: string): RunningPostmaster | undefined {
  const file = join(data, 'postmaster.pid');
  const running = readPostmaster(file);
  if (running === undefined) return undefined;
  const ours = processIdentity(running.pid) !== undefined && commandLine(running.pid)?.includes(data) === true;
  if (ours) return running;
  rmSync(file, { force: true });
  return undefined;
}

function readPostmaster(file: string): RunningPostmaster | undefined {
  let lines: string[];
  try {
    lines = readFileSync(file, 'utf8').split('\n');
  } catch {
    return undefined;
  }
  return {
    pid: Math.abs(Number(lines[0])),
    port: Number(lines[3] ?? 0),
    socketDirectory: (lines[4] ?? '').trim(),
    listenAddress: (lines[5] ?? '').trim(),
    ready: (lines[7] ?? '').trim() === 'ready',
  };
}
