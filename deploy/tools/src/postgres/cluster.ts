import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../process.ts';
import { ToolError, lastLine, systemReason } from '../tool-error.ts';
import type { PostgresBinaries } from './binaries.ts';
import { refuseForeignOwner } from '../private-folder.ts';
import type { Layout } from './layout.ts';
import { withPrivileges, type Privileges } from './privileges.ts';

export const adminUser = 'idp_admin';

const builtinLocale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
const builtinLocaleSince = 17;

const draftPrefix = 'postgres.new-';

/**
 * Makes sure a data directory of the right major version exists and is ours; makes one with `initdb` at first start.
 * Throws ToolError for another major version, another owner, a lost password file or a failing `initdb`.
 */
export async function ensureCluster(layout: Layout, binaries: PostgresBinaries, privileges: Privileges): Promise<void> {
  if (existsSync(join(layout.data, 'PG_VERSION'))) {
    await refuseForeignOwner(layout.data, privileges.kind === 'other' ? privileges : undefined);
    return refuseOtherMajor(layout.data, binaries.major);
  }
  if (existsSync(layout.data) && readdirSync(layout.data).length > 0) {
    throw new ToolError(
      `${layout.data} is not a PostgreSQL data directory; move it away or choose another IDP_DATA_DIR`,
    );
  }
  await removeDrafts(layout.directory);
  await initialize(layout, binaries, privileges);
}

/** The administrator's password, made before the first `initdb` and kept in a file only this user may read. */
export async function adminPassword(layout: Layout): Promise<string> {
  if (existsSync(layout.passwordFile)) return readFileSync(layout.passwordFile, 'utf8').trim();
  if (existsSync(join(layout.data, 'PG_VERSION'))) {
    throw new ToolError(
      `${layout.passwordFile} is missing, without it ${layout.data} cannot be opened; restore it or remove the directory`,
    );
  }
  const password = randomBytes(24).toString('base64url');
  const draft = `${layout.passwordFile}.${process.pid}`;
  await writeFile(draft, `${password}\n`, { mode: 0o600 });
  await rename(draft, layout.passwordFile);
  return password;
}

function refuseOtherMajor(data: string, major: number): void {
  const found = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  if (found === String(major)) return;
  throw new ToolError(
    `${data} was made by PostgreSQL ${found}, this is PostgreSQL ${major}; export it with that version or choose another IDP_DATA_DIR`,
  );
}

/** Builds under another name and renames, so that a killed first start leaves nothing that looks like a data directory. */
async function initialize(layout: Layout, binaries: PostgresBinaries, privileges: Privileges): Promise<void> {
  const draft = join(layout.directory, `${draftPrefix}${process.pid}`);
  const passwordFile = `${draft}.password`;
  await mkdir(draft, { mode: 0o700 });
  await writeFile(passwordFile, await adminPassword(layout), { mode: 0o600 });
  if (privileges.kind === 'other') {
    for (const path of [draft, passwordFile]) await chown(path, privileges.uid, privileges.gid);
  }
  const locale = binaries.major >= builtinLocaleSince ? builtinLocale : ['--locale=C.UTF-8'];
  const access = ['-U', adminUser, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  const { program, args, identity } = withPrivileges(privileges, binaries.initdb, [
    '-D',
    draft,
    ...access,
    '--encoding=UTF8',
    ...locale,
    '--no-sync',
  ]);
  try {
    const result = await runProgram(program, args, { env: serverEnvironment(), cwd: layout.directory, ...identity });
    if (result.code !== 0) throw new ToolError(`PostgreSQL could not be initialized: ${lastLine(result.output)}`);
    await rename(draft, layout.data);
  } catch (error) {
    await rm(draft, { recursive: true, force: true, maxRetries: 3 });
    if (error instanceof ToolError) throw error;
    throw new ToolError(`PostgreSQL could not be initialized: ${systemReason(error)}`, { cause: error });
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function removeDrafts(directory: string): Promise<void> {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(draftPrefix)) continue;
    // An initdb of a killed start may still be writing; its leftovers then go at the next start.
    await rm(join(directory, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

/** PostgreSQL reads `PG*` and locale variables of its parent: it gets none of ours. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C' };
}
