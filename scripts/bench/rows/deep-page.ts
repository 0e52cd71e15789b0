import { paginate } from '@idp/database';
import { median } from '../in-process.ts';
import { fillThings, openStage, tenantId, type Stage } from '../data/stage.ts';
import type { Row } from '../row.ts';

const limit = 25;
const deep = 5_000;
const binding = { principal: 'bench', route: 'things' };

function page({ database }: Stage, cursor: string | undefined, size = limit) {
  return database.tenant(tenantId).read((tx) =>
    paginate(tx, tx.db.selectFrom('things').select(['id', 'name', 'created_at']), {
      sort: [{ column: 'created_at' }, { column: 'id' }],
      cursor,
      limit: size,
      binding,
    }),
  );
}

/** Data §6 row 10: a page deep in a list against its first. */
export const deepPage: Row = {
  name: 'deep-page',
  suite: 'data',
  async run({ rounds }) {
    await using stage = await openStage();
    await fillThings(stage, deep * limit + 1_000);
    let cursor: string | undefined;
    for (let row = 0; row < (deep - 1) * limit; row += 100) cursor = (await page(stage, cursor, 100)).nextCursor;
    const times = { first: [] as number[], deep: [] as number[] };
    for (let i = 0; i < rounds * 300; i += 1) {
      for (const side of ['first', 'deep'] as const) {
        const began = performance.now();
        const { data } = await page(stage, side === 'deep' ? cursor : undefined);
        if (data.length !== limit) throw new Error(`a page of ${data.length} rows`);
        if (i >= 100) times[side].push(performance.now() - began);
      }
    }
    const [first, last] = [median(times.first), median(times.deep)];
    return {
      name: 'deep-page',
      title: `Page ${deep.toLocaleString('en')} of a list`,
      figures: [],
      claims: [{ text: 'time of the page against that of page 1', ratio: last / first, limit: 1.2, bound: 'at-most' }],
      notes: [`page 1 ${first.toFixed(2)} ms, page ${deep} ${last.toFixed(2)} ms, ${limit} rows each`],
    };
  },
};
