import { emptyDatabase } from '@idp/testing';
import { compileCondition } from '@idp/expressions';
import { platformTenantId } from '@idp/contracts';
import fc from 'fast-check';
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely';
import pg from 'pg';
import { expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import type { DecisionRequest } from '../../src/decision/model.ts';
import { visibility, type RowVisibility } from '../../src/decision/rows/visibility.ts';
import type { World } from '../../src/decision/world.ts';
import { createAccessStore } from '../../src/snapshot/access-store.ts';
import { emptyRows, publish, requestOf, rowsOf } from './compile.ts';
import { attributesOf, environment, term, type Attributes } from './expressions.ts';
import { company, ids, question, userIds, type Question } from './tenants.ts';

const compiler = new Kysely<never>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

const uuid = (name: string) => ({ column: sql.ref(`rows.${name}`), type: 'uuid' as const });
const columns = {
  kind: sql.ref('rows.kind'),
  owner: sql.ref('rows.owner'),
  level: sql.ref('rows.level'),
  open: sql.ref('rows.open'),
  tags: sql.ref('rows.tags'),
  'scope.projectId': uuid('project_id'),
  'scope.teamId': uuid('team_id'),
  'scope.organizationId': uuid('organization_id'),
};
const filterable = new Set(Object.keys(columns));

/** Rows of every scope, of scopes nobody knows, and of none; what is narrower does not always fit what is wider. */
interface Row {
  number: number;
  projectId: string | undefined;
  teamId: string | undefined;
  organizationId: string | undefined;
  attributes: Attributes;
}

const perhaps = (make: (index: number) => string, count: number): fc.Arbitrary<string | undefined> =>
  fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: count }).map(make));
const rowCount = 10_000;
const rows: Row[] = fc
  .sample(
    fc.record({
      projectId: perhaps(ids.project, 3),
      teamId: perhaps(ids.team, 4),
      organizationId: perhaps(ids.organization, 2),
      attributes: attributesOf(userIds, false),
    }),
    { numRuns: rowCount, seed: 4 },
  )
  .map((row, number) => ({ number, ...row }));

async function fill(client: pg.Client): Promise<void> {
  await client.query(`create table rows (number int primary key, project_id uuid, team_id uuid, organization_id uuid,
    kind text collate "C", owner text collate "C", level int, open boolean, tags text[])`);
  const plain = rows.map(({ attributes, ...row }) => ({ ...row, ...attributes }));
  await client.query(
    `insert into rows select number, "projectId", "teamId", "organizationId", kind, owner, level, open, tags
     from json_to_recordset($1) as given(number int, "projectId" uuid, "teamId" uuid, "organizationId" uuid,
       kind text, owner text, level int, open boolean, tags text[])`,
    [JSON.stringify(plain)],
  );
}

async function visibleRows(client: pg.Client, visible: RowVisibility): Promise<number[]> {
  if (visible === 'all') return rows.map(({ number }) => number);
  if (visible === 'none') return [];
  const query = sql`select number from rows where ${visible.where} order by number`.compile(compiler);
  const found = await client.query<{ number: number }>(query.sql, query.parameters as unknown[]);
  return found.rows.map(({ number }) => number);
}

function rowByRow(world: World, request: DecisionRequest, now: number): number[] {
  return rows
    .filter(({ attributes, projectId, teamId, organizationId }) => {
      const scope = {
        ...(projectId !== undefined && { projectId }),
        ...(teamId !== undefined && { teamId }),
        ...(organizationId !== undefined && { organizationId }),
      };
      return decide(world, { ...request, resource: { type: 'entity', scope, attributes: { ...attributes } } }, now)
        .allowed;
    })
    .map(({ number }) => number);
}

function worldOf(drawn: Parameters<typeof rowsOf>[0]): World {
  const store = createAccessStore({ compile: (text) => compileCondition(text, environment, { filterable }) });
  publish(store, emptyRows(platformTenantId));
  publish(store, rowsOf(drawn));
  return store.world(ids.tenant)!;
}

test('a list shows exactly the rows that a check of each would allow, of 10,000 rows', async () => {
  await using database = await emptyDatabase();
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  const seen = { all: 0, none: 0, where: 0, shown: 0, hidden: 0 };
  try {
    await fill(client);
    await fc.assert(
      fc.asyncProperty(
        company({ condition: () => term(userIds), suspended: true, policies: true }),
        question({ attributes: 'some', caller: 'some' }),
        async (drawn, asked: Question) => {
          const world = worldOf(drawn);
          const { principal, permission, context } = requestOf(asked);
          const request = { principal, permission, ...(context !== undefined && { context }) };
          const visible = visibility(world, { ...request, columns }, asked.now);
          const found = await visibleRows(client, visible);
          expect(found).toEqual(rowByRow(world, request, asked.now));
          seen[typeof visible === 'object' ? 'where' : visible] += 1;
          if (typeof visible !== 'object') return;
          seen.shown += found.length;
          seen.hidden += rowCount - found.length;
        },
      ),
      { numRuns: 80 },
    );
  } finally {
    await client.end();
  }
  expect(seen.where).toBeGreaterThan(4);
  expect(Math.min(seen.shown, seen.hidden)).toBeGreaterThan(1_000);
}, 120_000);

test('a table without scope columns holds rows of the tenant itself', () => {
  const [drawn] = fc.sample(company({ condition: undefined, suspended: false, policies: false }), {
    numRuns: 1,
    seed: 1,
  });
  const granted = (type: 'tenant' | 'team'): RowVisibility => {
    const binding = { holder: { type: 'user' as const, index: 0 }, role: 0, startsAt: 0, expiresAt: undefined };
    const rules = [{ permission: '*', effect: 'allow' as const, condition: undefined }];
    const world = worldOf({
      ...drawn!,
      roles: [{ parents: [], rules }],
      bindings: [{ ...binding, scope: { type, index: 0 }, condition: undefined }],
    });
    const principal = { type: 'user' as const, id: ids.user(0), tenantId: ids.tenant };
    return visibility(world, { principal, permission: 'catalog:entity:read', columns: { kind: columns.kind } }, 1_500);
  };
  expect(granted('tenant')).toBe('all');
  expect(granted('team')).toBe('none');
});

test('bounds of the credential hide everything they do not cover', () => {
  const [drawn] = fc.sample(company({ condition: undefined, suspended: false, policies: false }), {
    numRuns: 1,
    seed: 1,
  });
  const principal = { type: 'user' as const, id: ids.user(0), tenantId: ids.tenant, scope: 'auth:*' };
  const asked = { principal, permission: 'catalog:entity:read', columns };
  expect(visibility(worldOf(drawn!), asked, 1_500)).toBe('none');
});
