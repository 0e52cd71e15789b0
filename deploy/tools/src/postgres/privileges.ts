import { existsSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { runProgram } from '../process.ts';
import { ToolError } from '../tool-error.ts';

/**
 * How PostgreSQL, which refuses root and nameless users, is started:
 * `plain` as ourselves; `namespace` in a user namespace where we appear as an ordinary user, so nothing changes owner;
 * `nobody` as another user, which owns the data then.
 */
export type Privileges = { kind: 'plain' } | { kind: 'namespace' } | { kind: 'nobody'; uid: number; gid: number };

const nobody = 65534;

/**
 * Chooses the way for this user. `paths` are the programs and folders PostgreSQL has to reach.
 * Throws ToolError naming the way out when a root user may not make namespaces and `nobody` cannot reach a path.
 */
export async function choosePrivileges(paths: readonly string[]): Promise<Privileges> {
  if (process.getuid === undefined) return { kind: 'plain' };
  if (process.getuid() !== 0 && hasName()) return { kind: 'plain' };
  if (await canUnshare()) return { kind: 'namespace' };
  const closed = paths.map(firstClosedFolder).find((folder) => folder !== undefined);
  if (process.getuid() === 0 && closed === undefined) return { kind: 'nobody', uid: nobody, gid: nobody };
  throw new ToolError(
    `PostgreSQL does not run as this user and user namespaces are not allowed here` +
      (closed === undefined ? '' : ` (${closed} is closed to other users)`) +
      `; set DATABASE_URL, or IDP_DATA_DIR to a folder that every user may enter`,
  );
}

/** Program and arguments wrapped for the chosen way. */
export function withPrivileges(
  privileges: Privileges,
  program: string,
  args: readonly string[],
): { program: string; args: string[]; identity: { uid?: number; gid?: number } } {
  if (privileges.kind === 'namespace') {
    const flags = ['--user', `--map-user=${nobody}`, `--map-group=${nobody}`, '--'];
    return { program: 'unshare', args: [...flags, program, ...args], identity: {} };
  }
  const identity = privileges.kind === 'nobody' ? { uid: privileges.uid, gid: privileges.gid } : {};
  return { program, args: [...args], identity };
}

function hasName(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}

async function canUnshare(): Promise<boolean> {
  const probe = await runProgram('unshare', ['--user', `--map-user=${nobody}`, 'true']).catch(() => undefined);
  return probe?.code === 0;
}

/** The first folder above `path` that other users may not enter. */
function firstClosedFolder(path: string): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}
