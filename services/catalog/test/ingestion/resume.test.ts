import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CatalogContext } from '../../src/context.ts';
import { ensureDirectorySource } from '../../src/operations/ingest-directory.ts';
import { syncSource } from '../../src/operations/sync/sync-source.ts';
import { type IngestionWorld, componentYaml, startWorld } from '../support/ingestion-world.ts';

let world: IngestionWorld;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

/** The database, dying before its n-th write. */
function dyingBefore(database: CatalogContext['database'], nth: number): CatalogContext['database'] {
  let writes = 0;
  return {
    ...database,
    tenant(id) {
      const door = database.tenant(id);
      const write: typeof door.write = (fn, options) => {
        writes++;
        return writes === nth ? Promise.reject(new Error('killed')) : door.write(fn, options);
      };
      return { ...door, write };
    },
  };
}

async function run(nth: number): Promise<boolean> {
  const { context, tenantId, directory } = world;
  const sourceId = await ensureDirectorySource(context, { tenantId, directory });
  const reader = context.syncs.readerOf(tenantId, { kind: 'directory', name: directory });
  if (!reader) throw new Error('directories have a reader');
  const deps = { ...context, database: dyingBefore(context.database, nth) };
  try {
    await syncSource(deps, { tenantId, sourceId, reader, signal: AbortSignal.timeout(60_000) });
    return true;
  } catch (err) {
    if ((err as Error).message !== 'killed') throw err;
    return false;
  }
}

test(
  'a run that dies before any of its transactions is taken up by the next, and loses and doubles nothing',
  { timeout: 60_000 },
  async () => {
    const many = (from: number, to: number, owner: string) =>
      Array.from({ length: to - from }, (_, i) => componentYaml(`s${from + i}`, { owner })).join('---\n');
    await world.files({ 'a/catalog-info.yaml': many(0, 400, 'x'), 'b/catalog-info.yaml': many(400, 600, 'x') });
    for (let nth = 1; !(await run(nth)); nth++);
    expect(await world.refs()).toHaveLength(600);

    // Half of the first file changes, ten entities move from it to a new one, five go.
    await world.files({
      'a/catalog-info.yaml': `${many(0, 190, 'y')}---\n${many(205, 400, 'x')}`,
      'c/catalog-info.yaml': many(190, 200, 'x'),
    });
    for (let nth = 1; !(await run(nth)); nth++) expect((await world.refs()).length).toBeGreaterThanOrEqual(595);
    const refs = await world.refs();
    expect(refs).toHaveLength(595);
    expect(refs).not.toContain('component:default/s200');
    const changes = await world.sql(
      `select op, count(*)::int as n, min(seq)::int as first, max(seq)::int as last from catalog.changes group by op order by op`,
    );
    expect(changes.map(({ op, n }) => [op, n])).toEqual([
      ['created', 600],
      ['deleted', 5],
      ['updated', 200],
    ]);
    const [{ last }] = await world.sql('select max(seq)::int as last from catalog.changes');
    expect(last).toBe(805);
    expect(await world.sql(`select count(*)::int as n from catalog.claims where state <> 'active'`)).toEqual([
      { n: 0 },
    ]);
    expect(await world.scan()).toMatchObject({ created: 0, updated: 0, deleted: 0 });
  },
);
