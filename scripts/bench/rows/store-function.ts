import { Kysely, PostgresDialect, sql } from 'kysely';
import { named } from '@idp/database';
import type { Tx } from '@idp/database';
import { cpuMicrosPerCall } from '../in-process.ts';
import { fillThings, openStage, tenantId } from '../data/stage.ts';
import type { Row } from '../row.ts';
import type { ProbeTables } from '../../../libs/database/test/probe.ts';

const things = 1_000;
/** Most that the door may add to a transaction. */
const addedMicrosMax = 10;

/** A function of a store as services write them. */
function findThing(tx: Tx<ProbeTables>, id: string) {
  return named(tx.db, 'bench.thing')
    .selectFrom('things')
    .select(['id', 'name', 'rank'])
    .where('id', '=', id)
    .executeTakeFirst();
}

/** Data §6 row 4: what the door and a store function cost beside kysely on its own. */
export const storeFunction: Row = {
  name: 'store-function',
  suite: 'data',
  async run({ rounds }) {
    await using stage = await openStage();
    const ids = await fillThings(stage, things);
    let turn = 0;
    const id = (): string => ids[(turn += 1) % ids.length]!;
    const raw = new Kysely<ProbeTables>({ dialect: new PostgresDialect({ pool: stage.pool }) });
    const kysely = () =>
      raw.transaction().execute(async (trx) => {
        await sql`select set_config('app.tenant_id', ${tenantId}, true)`.execute(trx);
        return trx.selectFrom('things').select(['id', 'name', 'rank']).where('id', '=', id()).executeTakeFirst();
      });
    const ours = () => stage.database.tenant(tenantId).read((tx) => findThing(tx, id()));
    const calls = 3_000;
    const [rawMicros, ownMicros] = [
      await cpuMicrosPerCall(kysely, { calls, rounds }),
      await cpuMicrosPerCall(ours, { calls, rounds }),
    ];
    return {
      name: 'store-function',
      title: 'A store function against kysely on its own',
      figures: [],
      claims: [
        {
          text: `CPU added to a transaction, as part of ${addedMicrosMax} µs`,
          ratio: (ownMicros - rawMicros) / addedMicrosMax,
          limit: 1,
          bound: 'at-most',
        },
      ],
      notes: [
        `kysely on its own ${rawMicros.toFixed(0)} µs of CPU per transaction; tenant().read ${ownMicros.toFixed(0)} µs`,
      ],
    };
  },
};
