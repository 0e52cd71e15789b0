import { emptyDatabase } from '@idp/testing';
import pg from 'pg';
import { expect, test } from 'vitest';

/** What queries under row security may rely on (data.md §2.4), as the server's catalog must confirm it. */
const usable = [
  'uuid',
  'text',
  'int2',
  'int4',
  'int8',
  'bool',
  'float8',
  'date',
  'timestamptz',
  'interval',
  'inet',
  'bytea',
];
const unusable = ['anyenum', 'numeric', 'anyarray', 'anyrange', 'jsonb'];
const comparisons = ['=', '<', '<=', '>', '>='];

test('the leakproof list equals what the catalog of the server says', async () => {
  await using database = await emptyDatabase();
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ type: string; operator: string; leakproof: boolean }>(
      `select l.typname as type, o.oprname as operator, p.proleakproof as leakproof
       from pg_operator o join pg_type l on l.oid = o.oprleft join pg_type r on r.oid = o.oprright
         join pg_proc p on p.oid = o.oprcode
       where l.oid = r.oid and o.oprname = any($1) and l.typname = any($2)`,
      [comparisons, [...usable, ...unusable]],
    );
    const leakproof = (type: string, operator: string) =>
      rows.find((row) => row.type === type && row.operator === operator)?.leakproof;
    for (const type of usable) {
      for (const operator of comparisons) expect(leakproof(type, operator), `${type} ${operator}`).toBe(true);
    }
    for (const type of unusable) expect(leakproof(type, '='), `${type} =`).toBe(false);

    const functions = await client.query<{ name: string; leakproof: boolean }>(
      `select distinct p.proname as name, bool_or(p.proleakproof) as leakproof from pg_proc p
       where p.proname = any($1) group by 1`,
      [
        [
          'like',
          'texticlike',
          'textregexeq',
          'lower',
          'date_trunc',
          'jsonb_contains',
          'jsonb_exists',
          'ts_match_vq',
          'arrayoverlap',
          'starts_with',
        ],
      ],
    );
    const list = functions.rows.filter((row) => row.leakproof).map((row) => row.name);
    expect(list).toEqual(['starts_with']);
    const pattern = await client.query<{ operator: string; leakproof: boolean }>(
      `select o.oprname as operator, p.proleakproof as leakproof from pg_operator o join pg_proc p on p.oid = o.oprcode
       where o.oprname in ('~<~', '~>=~', '^@') and o.oprleft = 'text'::regtype order by 1`,
    );
    expect(pattern.rows.every((row) => row.leakproof)).toBe(true);
    expect(pattern.rows).toHaveLength(3);
    const mixed = await client.query<{ leakproof: boolean }>(
      `select p.proleakproof as leakproof from pg_operator o join pg_proc p on p.oid = o.oprcode
       where o.oprleft = 'timestamptz'::regtype and o.oprright = 'date'::regtype and o.oprname = '='`,
    );
    expect(mixed.rows).toEqual([{ leakproof: false }]);
  } finally {
    await client.end();
  }
});
