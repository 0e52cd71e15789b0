import { UnavailableError } from '@idp/errors';
import { sql } from 'kysely';
import type { PlatformDoor } from '../doors/platform.ts';
import { readMigrations } from './files.ts';
import type { MigrationSource } from './source.ts';

/** Rejects with UnavailableError until the server answers and every component is at this release's version or beyond. */
export type MigrationCheck = (door: PlatformDoor<unknown>) => Promise<void>;

/** A check against the files of this release, which are read once: it is made every second while a service runs. */
export function createMigrationCheck(sources: readonly MigrationSource[]): MigrationCheck {
  let release: Promise<ExpectedVersion[]> | undefined;
  return async (door) => {
    release ??= expectedVersions(sources);
    const expected = await release.catch((error: unknown) => {
      release = undefined;
      throw error;
    });
    await compare(door, expected);
  };
}

interface ExpectedVersion {
  component: string;
  version: number;
}

function expectedVersions(sources: readonly MigrationSource[]): Promise<ExpectedVersion[]> {
  return Promise.all(
    sources.map(async (source) => ({ component: source.component, version: (await readMigrations(source)).length })),
  );
}

/** Beyond the release's version is well: migrations expand before they contract. */
async function compare(door: PlatformDoor<unknown>, expected: readonly ExpectedVersion[]): Promise<void> {
  const applied = await door.transaction(
    async ({ db }) => {
      if (expected.length === 0) {
        await sql`select 1`.execute(db);
        return new Map<string, number>();
      }
      const { rows } = await sql<{ component: string; version: number }>`
        select component, max(version) as version from schema_migrations group by component`.execute(db);
      return new Map(rows.map((row) => [row.component, row.version]));
    },
    { readOnly: true },
  );
  for (const { component, version } of expected) {
    const found = applied.get(component) ?? 0;
    if (found < version) {
      throw new UnavailableError(`The schema is behind: ${component} is at ${found} of ${version}.`, {
        retryAfterSeconds: 5,
      });
    }
  }
}
