import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { eraseTenant, type Database } from '../src/index.ts';
import { startProbe, tenantA, tenantB, type Probe, type ProbeTables } from './probe.ts';

let probe: Probe;
let database: Database<ProbeTables>;
const { signal } = new AbortController();

beforeAll(async () => {
  probe = await startProbe();
  database = probe.open({ relayUrl: probe.relayUrl });
});
beforeEach(async () => {
  await probe.admin.query('truncate things, queue, idempotency_keys, audit_log, secret_keys');
  for (const tenant of [tenantA, tenantB]) await fill(tenant);
});
afterAll(() => probe[Symbol.asyncDispose]());

/** Twelve things, each the parent of the next, and rows of the libs. */
async function fill(tenant: string): Promise<void> {
  const { admin } = probe;
  await admin.query(
    `with recursive chain as (
       select 1 as n, gen_random_uuid() as id, null::uuid as parent_id
       union all select n + 1, gen_random_uuid(), id from chain where n < 12)
     insert into things (tenant_id, id, name, parent_id) select $1, id, 'thing ' || n, parent_id from chain`,
    [tenant],
  );
  await admin.query(
    "insert into secret_keys (tenant_id, id, kek_id, wrapped) values ($1, gen_random_uuid(), 'k', '')",
    [tenant],
  );
  await admin.query(
    `insert into idempotency_keys (tenant_id, principal, route, key, request_hash, status, headers, expires_at)
     select $1, 'user:1', 'POST /things', 'key-' || n, 'x', 201, '{}', now() + interval '1 day' from generate_series(1, 12) n`,
    [tenant],
  );
}

async function counts(tenant: string): Promise<Record<string, number>> {
  const of = async (table: string) => {
    const { rows } = await probe.admin.query<{ n: number }>(
      `select count(*)::int as n from ${table} where tenant_id = $1`,
      [tenant],
    );
    return [table, rows[0]!.n] as const;
  };
  return Object.fromEntries(await Promise.all(['things', 'secret_keys', 'idempotency_keys'].map(of)));
}

test('what a tenant has is gone, in chunks, whichever role may delete it; what others have stays', async () => {
  expect(await eraseTenant(database, tenantA, { signal, chunkRows: 5 })).toEqual({
    things: 12,
    secret_keys: 1,
    idempotency_keys: 12,
  });
  expect(await counts(tenantA)).toEqual({ things: 0, secret_keys: 0, idempotency_keys: 0 });
  expect(await counts(tenantB)).toEqual({ things: 12, secret_keys: 1, idempotency_keys: 12 });
  expect(await eraseTenant(database, tenantA, { signal })).toEqual({});
});

test('tables that are to be kept are', async () => {
  const erased = await eraseTenant(database, tenantA, { signal, keep: ['secret_keys'] });
  expect(erased).toEqual({ things: 12, idempotency_keys: 12 });
  expect(await counts(tenantA)).toMatchObject({ secret_keys: 1 });
});

test('a run that was stopped leaves the rest to the next one', async () => {
  const first = eraseTenant(database, tenantA, { signal: AbortSignal.abort(new Error('stop')) });
  await expect(first).rejects.toThrow('stop');
  expect(await counts(tenantA)).toMatchObject({ things: 12 });
  await eraseTenant(database, tenantA, { signal });
  expect(await counts(tenantA)).toEqual({ things: 0, secret_keys: 0, idempotency_keys: 0 });
});
