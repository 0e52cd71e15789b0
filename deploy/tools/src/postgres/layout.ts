import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ToolError, systemReason } from '../tool-error.ts';
import type { Privileges } from './privileges.ts';

/** Folders and files of one local PostgreSQL. */
export interface Layout {
  directory: string;
  data: string;
  run: string;
  passwordFile: string;
  lockFile: string;
}

export function layoutOf(directory: string): Layout {
  const root = resolve(directory);
  return {
    directory: root,
    data: join(root, 'postgres'),
    run: join(root, 'run'),
    passwordFile: join(root, 'secrets', 'postgres-admin'),
    lockFile: join(root, 'owner'),
  };
}

/**
 * Makes the folders, private to this user. Where PostgreSQL runs as `nobody` it owns `run` and may pass through the directory,
 * whose other contents stay closed. Throws ToolError when a folder cannot be written or is somebody else's.
 */
export async function prepareFolders(layout: Layout, privileges: Privileges): Promise<void> {
  const other = privileges.kind === 'nobody' ? privileges : undefined;
  for (const folder of [layout.directory, layout.run, dirname(layout.passwordFile)]) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await refuseForeignOwner(folder, other);
      await chmod(folder, folder === layout.directory && other !== undefined ? 0o711 : 0o700);
      if (folder === layout.run && other !== undefined) await chown(folder, other.uid, other.gid);
    } catch (error) {
      if (error instanceof ToolError) throw error;
      throw new ToolError(`cannot write to the data directory ${folder}: ${systemReason(error)}`, { cause: error });
    }
  }
}

/** Throws ToolError when `folder` belongs to a user other than us or the one PostgreSQL runs as. */
export async function refuseForeignOwner(folder: string, other?: { uid: number }): Promise<void> {
  const uid = process.getuid?.();
  const owner = (await stat(folder)).uid;
  if (uid === undefined || owner === uid || owner === other?.uid) return;
  throw new ToolError(
    `${folder} belongs to user ${owner}, this process runs as user ${uid}; start it as that user or choose another IDP_DATA_DIR`,
  );
}
