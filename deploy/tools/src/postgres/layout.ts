import { chown } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { preparePrivateFolder } from '../private-folder.ts';
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
 * Makes the folders, private to this user. Where PostgreSQL runs as another user, that one owns `run` and may pass through the directory,
 * whose other contents stay closed. Throws ToolError when a folder cannot be written or is somebody else's.
 */
export async function prepareFolders(layout: Layout, privileges: Privileges): Promise<void> {
  const other = privileges.kind === 'other' ? privileges : undefined;
  await preparePrivateFolder(layout.directory, { mode: other === undefined ? 0o700 : 0o711, other });
  await preparePrivateFolder(layout.run, { other });
  await preparePrivateFolder(dirname(layout.passwordFile));
  if (other !== undefined) await chown(layout.run, other.uid, other.gid);
}
