import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { preparePrivateFolder } from '@idp/tools';

/** What the host keeps between starts, beside the database: files of mode 0600 below folders of mode 0700. */
export interface StateDirectory {
  /** Absolute. */
  path: string;
  secretFile(name: string): string;
  /** The content of a secret, made by `make` when there is none. `fresh` tells that it was made now. */
  secret(name: string, make: () => string): Promise<{ value: string; fresh: boolean }>;
  /** The content of a secret; undefined when there is none. */
  findSecret(name: string): Promise<string | undefined>;
  /** Version whose start was the last to succeed; undefined before the first. */
  startedVersion(): Promise<string | undefined>;
  markStarted(version: string): Promise<void>;
}

/** Opens the directory, making it when absent. Throws ToolError when it cannot be written or is somebody else's. */
export async function openStateDirectory(directory: string): Promise<StateDirectory> {
  const path = resolve(directory);
  const secrets = join(path, 'secrets');
  await preparePrivateFolder(path);
  await preparePrivateFolder(secrets);
  const secretFile = (name: string) => join(secrets, name);
  const versionFile = join(path, 'version');
  const findSecret = async (name: string) => (await readIfPresent(secretFile(name)))?.trim();
  return {
    path,
    secretFile,
    findSecret,
    async secret(name, make) {
      const kept = await findSecret(name);
      if (kept !== undefined) return { value: kept, fresh: false };
      await writeOnce(secretFile(name), `${make()}\n`);
      return { value: (await findSecret(name))!, fresh: true };
    },
    startedVersion: async () => (await readIfPresent(versionFile))?.trim(),
    markStarted: (version) => writeFile(versionFile, `${version}\n`, { mode: 0o600 }),
  };
}

/** 32 random bytes as text. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The file appears whole or not at all; of two writers the first wins. */
async function writeOnce(file: string, content: string): Promise<void> {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, content, { mode: 0o600 });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
}
