import { chmod, mkdir, stat } from 'node:fs/promises';
import { ToolError, systemReason } from './tool-error.ts';

/**
 * Makes a folder that only this user may enter (`mode` for exceptions). Throws ToolError when it cannot be made or changed, or
 * belongs to a user other than us and `other`.
 */
export async function preparePrivateFolder(
  folder: string,
  { mode = 0o700, other }: { mode?: number; other?: { uid: number } | undefined } = {},
): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await refuseForeignOwner(folder, other);
    await chmod(folder, mode);
  } catch (error) {
    if (error instanceof ToolError) throw error;
    throw new ToolError(`cannot write to the data directory ${folder}: ${systemReason(error)}`, { cause: error });
  }
}

/** Throws ToolError when `folder` belongs to a user other than us or the one named. */
export async function refuseForeignOwner(folder: string, other?: { uid: number }): Promise<void> {
  const uid = process.getuid?.();
  const owner = (await stat(folder)).uid;
  if (uid === undefined || owner === uid || owner === other?.uid) return;
  throw new ToolError(
    `${folder} belongs to user ${owner}, this process runs as user ${uid}; start it as that user or choose another IDP_DATA_DIR`,
  );
}
