import { emptyDatabase } from '@idp/testing';
import fc from 'fast-check';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { expect, test } from 'vitest';
import { compileCondition, isFault, type Columns, type ConditionValues, type KnownValues } from '../src/index.ts';
import { write } from './random/expression.ts';
import { filterableCondition } from './random/generate.ts';
import { environment, texts, uuids } from './random/pools.ts';
import { someAttributes, someKnown } from './random/values.ts';

const columns: Columns = {
  kind: sql.ref('rows.kind'),
  owner: sql.ref('rows.owner'),
  count: sql.ref('rows.count'),
  size: sql.ref('rows.size'),
  archived: sql.ref('rows.archived'),
  listed: sql.ref('rows.listed'),
  createdAt: sql.ref('rows.created_at'),
  updatedAt: sql.ref('rows.updated_at'),
  tags: sql.ref('rows.tags'),
  ports: sql.ref('rows.ports'),
  id: { column: sql.ref('rows.id'), type: 'uuid' },
  'scope.teamId': { column: sql.ref('rows.team_id'), type: 'uuid' },
};
const filterable = new Set(Object.keys(columns));

/** Text columns under a collation whose order is not that of bytes, so that a forgotten `collate "C"` shows. */
const tableSql = `
  create table rows (
    number int primary key, id uuid, team_id uuid, kind text collate "und-x-icu", owner text collate "und-x-icu",
    count int8, size int8, archived boolean, listed boolean, created_at timestamptz, updated_at timestamptz,
    tags text[], ports int8[]
  )`;

interface Row {
  number: number;
  id: string | null;
  team_id: string | null;
  kind: string | null;
  owner: string | null;
  count: string | null;
  size: string | null;
  archived: boolean | null;
  listed: boolean | null;
  created_at: Date | null;
  updated_at: Date | null;
  tags: (string | null)[] | null;
  ports: (string | null)[] | null;
}

const big = (value: string | null) => (value === null ? null : BigInt(value));

function resourceOf(row: Row): ConditionValues['resource'] {
  const { kind, owner, archived, listed, tags } = row;
  const times = { createdAt: row.created_at, updatedAt: row.updated_at };
  const numbers = { count: big(row.count), size: big(row.size), ports: row.ports?.map(big) };
  return {
    id: row.id ?? undefined,
    scope: { teamId: row.team_id ?? undefined },
    attributes: { kind, owner, archived, listed, tags, ...times, ...numbers },
  };
}

const rowCount = 150;

/** Rows by the generator, some of their moments between two milliseconds. */
async function fill(client: pg.Client): Promise<Row[]> {
  await client.query(tableSql);
  const samples = fc.sample(
    fc.tuple(
      someAttributes,
      fc.option(fc.constantFrom(...uuids)),
      fc.option(fc.constantFrom(...uuids)),
      fc.constantFrom(0, 0, 400),
    ),
    rowCount,
  );
  for (const [number, [attributes, id, teamId, microseconds]] of samples.entries()) {
    const { kind, owner, count, size, archived, listed, createdAt, updatedAt, tags, ports } = attributes;
    await client.query(
      `insert into rows values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::timestamptz + $14::int * interval '1 microsecond',
        $11::timestamptz + $14::int * interval '1 microsecond', $12, $13)`,
      [
        number,
        id,
        teamId,
        kind,
        owner,
        count,
        size,
        archived,
        listed,
        createdAt?.toISOString(),
        updatedAt?.toISOString(),
        tags,
        ports,
        microseconds,
      ],
    );
  }
  const { rows } = await client.query<Row>('select * from rows order by number');
  return rows;
}

const compiler = new Kysely<never>({
  dialect: new PostgresDialect({ pool: () => Promise.reject(new Error('only text is asked of it')) }),
});

/** What the condition says of every row, as SQL sees it. */
async function outcomesInSql(client: pg.Client, text: string, known: KnownValues): Promise<(boolean | null)[]> {
  const where = compileCondition(text, environment, { filterable }).toSql(known, columns);
  if (typeof where === 'boolean') return Array.from({ length: rowCount }, () => where);
  const query = sql`select (${where}) as outcome from rows order by number`.compile(compiler);
  const { rows } = await client.query<{ outcome: boolean | null }>(query.sql, query.parameters as unknown[]);
  return rows.map((row) => row.outcome);
}

async function withRows(work: (client: pg.Client, rows: Row[]) => Promise<void>): Promise<void> {
  await using database = await emptyDatabase();
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    await work(client, await fill(client));
  } finally {
    await client.end();
  }
}

test(
  'a translated condition says of every row what evaluation says, missing attributes included',
  () =>
    withRows(async (client, rows) => {
      const resources = rows.map(resourceOf);
      const seen = { true: 0, false: 0, null: 0 };
      await fc.assert(
        fc.asyncProperty(filterableCondition(), someKnown, async (expression, known) => {
          const text = write(expression);
          const condition = compileCondition(text, environment, { filterable });
          const expected = resources.map((resource) => {
            const outcome = condition.evaluate({ ...known, resource });
            return isFault(outcome) ? null : outcome;
          });
          expect(await outcomesInSql(client, text, known), text).toEqual(expected);
          for (const outcome of expected) seen[`${outcome}`] += 1;
        }),
        { numRuns: 400 },
      );
      expect(seen.true + seen.false + seen.null).toBeGreaterThanOrEqual(20_000);
      expect(Math.min(seen.true, seen.false, seen.null)).toBeGreaterThan(4_000);
    }),
  240_000,
);

test(
  'a beginning may hold any character',
  () =>
    withRows(async (client, rows) => {
      const principal = { id: '', type: 'user', tenantId: '', teamIds: [] };
      for (const beginning of texts) {
        const text = `resource.kind.startsWith(${JSON.stringify(beginning)})`;
        const expected = rows.map(({ kind }) => (kind === null ? null : kind.startsWith(beginning)));
        expect(await outcomesInSql(client, text, { principal, context: { now: new Date(0) } }), text).toEqual(expected);
      }
    }),
  120_000,
);
