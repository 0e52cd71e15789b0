import { newId } from '@idp/contracts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { boundedTotal, paginate, type Database, type PageRequest } from '../src/index.ts';
import { startProbe, tenantA, tenantB, type Probe, type ProbeTables } from './probe.ts';

let probe: Probe;
let database: Database<ProbeTables>;

beforeAll(async () => {
  probe = await startProbe();
  database = probe.open();
});
beforeEach(async () => {
  await probe.admin.query('truncate things');
});
afterAll(() => probe[Symbol.asyncDispose]());

const binding = { principal: 'user:1', route: 'GET /things', filter: { rank: 0 } };
const byTime = [{ column: 'created_at' }, { column: 'id' }];

function page(more: Partial<PageRequest> = {}, tenant = tenantA) {
  return database.tenant(tenant).read((tx) =>
    paginate(tx, tx.db.selectFrom('things').select(['id', 'name', 'created_at']).where('tenant_id', '=', tenant), {
      sort: byTime,
      binding,
      ...more,
    }),
  );
}

/** `count` rows whose times differ by microseconds or not at all. */
function fill(count: number): Promise<unknown> {
  return probe.admin.query(
    `insert into things (tenant_id, id, name, created_at)
     select $1, gen_random_uuid(), 'n' || n, timestamptz '2026-01-01 00:00:00Z' + (n / 3) * interval '1 microsecond'
     from generate_series(1, $2::int4) as n`,
    [tenantA, count],
  );
}

test.each([
  { direction: 'asc', count: 100_000 },
  { direction: 'desc', count: 5_000 },
] as const)('walks $count rows $direction, each exactly once, while rows come and go', async ({ direction, count }) => {
  await fill(count);
  const { rows } = await probe.admin.query<{ id: string; doomed: boolean }>(
    `select id, name like '%7' as doomed from things`,
  );
  const survivors = new Set(rows.filter(({ doomed }) => !doomed).map(({ id }) => id));
  const churn = new AbortController();
  const churning = (async () => {
    for (let n = 0; !churn.signal.aborted; n += 1) {
      await probe.admin.query(`delete from things where id in (select id from things where name like '%7' limit 50)`);
      await probe.admin.query(
        `insert into things (tenant_id, id, name, created_at)
         select $1, gen_random_uuid(), 'new' || $2::int4 || '-' || i, timestamptz '2026-01-01 00:00:00Z' + random() * 33000 * interval '1 microsecond'
         from generate_series(1, 20) as i`,
        [tenantA, n],
      );
    }
  })();
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const found = await page({ direction, limit: 100, cursor });
    seen.push(...found.data.map(({ id }) => id));
    cursor = found.nextCursor;
  } while (cursor !== undefined);
  churn.abort();
  await churning;
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.filter((id) => survivors.has(id))).toHaveLength(survivors.size);
});

test('the last page has no cursor', async () => {
  await fill(4);
  const first = await page({ limit: 2 });
  const second = await page({ limit: 2, cursor: first.nextCursor });
  expect(first.nextCursor).toBeTypeOf('string');
  expect(second).toMatchObject({ data: [expect.anything(), expect.anything()] });
  expect(second).not.toHaveProperty('nextCursor');
  expect(await page({ limit: 25 })).not.toHaveProperty('nextCursor');
});

test('a cursor opens only the list it was made for', async () => {
  await fill(10);
  const { nextCursor: cursor = '' } = await page({ limit: 2 });
  const altered = Buffer.from(cursor, 'base64url');
  altered[altered.length - 3] = (altered[altered.length - 3] ?? 0) ^ 1;
  const attempts: [Partial<PageRequest>, string?][] = [
    [{}, tenantB],
    [{ binding: { ...binding, principal: 'user:2' } }],
    [{ binding: { ...binding, route: 'GET /others' } }],
    [{ binding: { ...binding, filter: { rank: 1 } } }],
    [{ direction: 'desc' }],
    [{ sort: [{ column: 'name' }, { column: 'id' }] }],
    [{ cursor: altered.toString('base64url') }],
    [{ cursor: `${cursor}AA` }],
    [{ cursor: '' }],
    [{ cursor: `' or true` }],
    [{ cursor: 'x'.repeat(5_000) }],
  ];
  for (const [more, tenant] of attempts) {
    await expect(page({ limit: 2, cursor, ...more }, tenant)).rejects.toMatchObject({
      code: 'INVALID_CURSOR',
      status: 400,
    });
  }
  await expect(page({ limit: 3, cursor })).resolves.toMatchObject({ data: { length: 3 } });
});

test.each([0, 101, 1e9, 1.5, Number.NaN])('a limit of %d is refused', async (limit) => {
  await expect(page({ limit })).rejects.toMatchObject({
    status: 400,
    details: { issues: [{ path: 'query.limit' }] },
  });
});

test('totals are exact to 10,000', async () => {
  const total = () => database.tenant(tenantA).read((tx) => boundedTotal(tx, tx.db.selectFrom('things').select('id')));
  await fill(10_000);
  expect(await total()).toEqual({ total: 10_000 });
  await probe.admin.query('insert into things (tenant_id, id, name) values ($1, $2, $3)', [tenantA, newId(), 'more']);
  expect(await total()).toEqual({ total: 10_000, totalIsMinimum: true });
});
