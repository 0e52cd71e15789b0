import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { runProgram } from '../process.ts';
import { ToolError } from '../tool-error.ts';

/**
 * How PostgreSQL, which refuses root and nameless users, is started:
 * `plain` as ourselves; `namespace` in a user namespace where we appear as an ordinary user, so nothing changes owner;
 * `other` as another user, which owns the data then.
 */
export type Privileges = { kind: 'plain' } | { kind: 'namespace' } | { kind: 'other'; uid: number; gid: number };

const nobody = 65534;

/**
 * Chooses the way for this user. `paths` are the programs and folders PostgreSQL has to reach. In a namespace root is nobody's
 * superuser any more, so folders that are closed to others decide: ours suit the namespace, those of one user are entered as
 * that user. Throws ToolError naming the way out where nothing fits.
 */
export async function choosePrivileges(paths: readonly string[]): Promise<Privileges> {
  if (process.getuid === undefined) return { kind: 'plain' };
  const uid = process.getuid();
  if (uid !== 0 && hasName()) return { kind: 'plain' };
  const closed = paths.flatMap(closedFolders);
  const foreign = closed.filter((folder) => folder.uid !== uid);
  if (foreign.length === 0 && (await canUnshare())) return { kind: 'namespace' };
  if (uid === 0) {
    if (closed.length === 0) return { kind: 'other', uid: nobody, gid: nobody };
    const [owner] = closed;
    if (owner!.uid !== 0 && closed.every((folder) => folder.uid === owner!.uid)) {
      return { kind: 'other', uid: owner!.uid, gid: owner!.gid };
    }
  }
  const reason =
    closed.length === 0 ? 'user namespaces are not allowed here' : `${closed[0]!.path} is closed to other users`;
  throw new ToolError(
    `PostgreSQL does not run as this user, and ${reason}; set DATABASE_URL, or IDP_DATA_DIR to a folder that every user may enter`,
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
  const identity = privileges.kind === 'other' ? { uid: privileges.uid, gid: privileges.gid } : {};
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

interface ClosedFolder {
  path: string;
  uid: number;
  gid: number;
}

/** Folders above `path` that other users may not enter. */
function closedFolders(path: string): ClosedFolder[] {
  const found: ClosedFolder[] = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder, { throwIfNoEntry: false }) ?? { mode: 0o001, uid: 0, gid: 0 };
    if ((mode & 0o001) === 0) found.push({ path: folder, uid, gid });
    if (folder === dirname(folder)) return found;
  }
}
