import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deleteLatest, upsertLatest } from '../src/index.ts';
import { newTenant, openProbe, type Probe } from './probe.ts';

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe();
});
afterAll(() => probe[Symbol.asyncDispose]());

interface Change {
  version: number;
  name: string;
  deleted: boolean;
}

const changes = fc
  .uniqueArray(
    fc.record({
      version: fc.integer({ min: 1, max: 50 }),
      name: fc.string({ maxLength: 5 }).filter((text) => !text.includes('\0') && text.isWellFormed()),
      deleted: fc.boolean(),
    }),
    {
      selector: (change) => change.version,
      minLength: 1,
      maxLength: 8,
    },
  )
  .chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2 })),
  );

it('holds the newest state, whatever order and however often changes come', async () => {
  await fc.assert(
    fc.asyncProperty(changes, async ([list, arriving]) => {
      const door = probe.reader.database.tenant(newTenant());
      let highest = 0;
      for (const { version, name, deleted } of arriving as Change[]) {
        const outcome = await door.write(
          (tx) =>
            deleted
              ? deleteLatest(tx, 'projection', 'a', version)
              : upsertLatest(tx, 'projection', { id: 'a', name, labels: { name } }, version),
          { unaudited: 'test' },
        );
        expect(outcome).toBe(version > highest ? 'applied' : 'stale');
        highest = Math.max(highest, version);
      }
      const newest = (list as Change[]).find((change) => change.version === highest)!;
      const row = await door.read((tx) => tx.db.selectFrom('projection').selectAll().executeTakeFirstOrThrow());
      expect(row.version).toBe(newest.version);
      const shown = row.deleted_at === null ? [row.name, row.labels] : 'deleted';
      expect(shown).toEqual(newest.deleted ? 'deleted' : [newest.name, { name: newest.name }]);
    }),
    { numRuns: 20 },
  );
});

it('takes names of tables and columns only', async () => {
  const door = probe.reader.database.tenant(newTenant());
  const hostile = door.write((tx) => upsertLatest(tx, 'projection; drop table effects', { id: 'a' }, 1), {
    unaudited: 'test',
  });
  await expect(hostile).rejects.toThrow('not a table or column');
});
