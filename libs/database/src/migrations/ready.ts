import { UnavailableError } from '@idp/errors';
import { sql } from 'kysely';
import type { PlatformDoor } from '../doors/platform.ts';
import { readMigrations } from './files.ts';
import type { MigrationSource } from './source.ts';

/** Resolves when the server answers and every component is at this release's version or beyond it (expand steps). */
export async function checkMigrations(door: PlatformDoor<unknown>, sources: readonly MigrationSource[]): Promise<void> {
  const expected = await Promise.all(
    sources.map(async (source) => ({ component: source.component, version: (await readMigrations(source)).length })),
  );
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
