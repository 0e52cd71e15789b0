import { CompiledQuery } from 'kysely';
import { measureSides } from '../data/measure-sides.ts';
import { sequential } from '../data/sequential.ts';
import { fillThings, openStage, tenantId } from '../data/stage.ts';
import type { Row } from '../row.ts';

const things = 10_000;

/** Data §6 row 1: one row by its key in a tenant's read. */
export const tenantRead: Row = {
  name: 'tenant-read',
  suite: 'data',
  async run({ rounds }) {
    await using stage = await openStage();
    const ids = await fillThings(stage, things);
    const { database, pool, admin } = stage;
    let turn = 0;
    const id = (): string => ids[(turn += 1) % ids.length]!;
    // Each side sends a text that is written out once, as the frequent reads of services do.
    const own = 'select id, name, rank, created_at from things where id = $1';
    const text = 'select id, name, rank, created_at from things where tenant_id = $1 and id = $2';
    const sides = {
      bare: () => admin.query({ name: 'thing', text, values: [tenantId, id()] }),
      ours: () => database.tenant(tenantId).read((tx) => tx.db.executeQuery(CompiledQuery.raw(own, [id()]))),
      select: () => database.tenant(tenantId).select('bench.thing', CompiledQuery.raw(own, [id()])),
      sequential: () =>
        sequential(pool, (client) => client.query({ name: 'own', text: own, values: [id()] }), 'read only'),
    };
    const one = await measureSides(sides, { calls: rounds > 3 ? 5_000 : 2_000, inFlight: 1, rounds });
    const many = await measureSides(sides, { calls: rounds > 3 ? 30_000 : 10_000, inFlight: 32, rounds });
    return {
      name: 'tenant-read',
      title: 'One row by its key, in a tenant',
      figures: [],
      claims: [
        {
          text: '32 callers, against a bare named select without row security',
          ratio: many.ratio('ours', 'bare'),
          limit: 0.45,
          bound: 'at-least',
        },
        {
          text: '1 caller, against BEGIN, set_config, select, COMMIT one after the other',
          ratio: one.ratio('ours', 'sequential'),
          limit: 1.7,
          bound: 'at-least',
        },
        {
          text: '32 callers, against the same',
          ratio: many.ratio('ours', 'sequential'),
          limit: 1.2,
          bound: 'at-least',
        },
      ],
      notes: [
        `1 caller: ${one.shown}`,
        `32 callers: ${many.shown}`,
        '`ours` is tenant().read; `select` is tenant().select, which shares connections',
      ],
    };
  },
};
