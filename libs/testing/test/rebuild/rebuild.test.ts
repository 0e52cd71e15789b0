import pg from 'pg';
import { platformTenantId } from '@idp/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestTenant } from '../../src/index.ts';
import { startPlatform, type Platform } from '../security/platform.ts';
import { platformServices } from '../security/services.ts';
import { directory } from './directory-service.ts';

const ops = '/api/v1/catalog/ops';
let platform: Platform;
let sql: pg.Client;
let tenants: TestTenant[];

beforeAll(async () => {
  const auth = (await platformServices()).filter(({ name }) => name === 'auth');
  platform = await startPlatform([...auth, directory]);
  sql = new pg.Client({ connectionString: platform.database.adminUrl });
  sql.on('error', () => undefined);
  await sql.connect();
  tenants = [
    await platform.fleet.tenant('one'),
    await platform.fleet.tenant('two'),
    await platform.fleet.tenant('three'),
  ];
  await platform.drain();
});
afterAll(async () => {
  await sql.end();
  await platform[Symbol.asyncDispose]();
});

async function rows(table: string): Promise<string[]> {
  const { rows: found } = await sql.query<{ row: string }>(`select t::text as row from ${table} t order by 1`);
  return found.map(({ row }) => row);
}

async function post(service: string, url: string, body: object, as?: TestTenant) {
  const { headers } = as === undefined ? await platform.operator() : as.owner;
  const answer = await platform.fleet.request(service, { method: 'POST', url, headers, body });
  await platform.drain();
  return answer;
}

const rebuild = (body: object) => post('catalog', `${ops}/consumers/catalog.tenants/rebuild`, body);
const emitAgain = () => post('auth', '/api/v1/auth/ops/snapshots', { topic: 'idp.auth.tenant.v1' });

describe('a read model', () => {
  it('that was emptied is byte for byte the same after a rebuild, and nobody is told anything', async () => {
    const [before, told] = [await rows('catalog.directory'), await rows('catalog.notifications')];
    expect([before.length, told.length]).toEqual([3, 3]);
    await sql.query('delete from catalog.directory');
    const answer = await rebuild({});
    expect(answer.status).toBe(202);
    expect(await rows('catalog.directory')).toEqual(before);
    expect(await rows('catalog.notifications')).toEqual(told);
    const consumers = await platform.fleet.request('catalog', {
      url: `${ops}/consumers`,
      headers: (await platform.operator()).headers,
    });
    expect(consumers.json<{ data: unknown[] }>().data[0]).toMatchObject({
      rebuilding: false,
      rebuildable: true,
      lag: 0,
    });
  });

  it('is rebuilt in one tenant without touching another', async () => {
    const before = await rows('catalog.directory');
    const [first] = tenants;
    await sql.query(`update catalog.directory set name = 'wrong'`);
    expect((await rebuild({ tenantId: first!.tenantId })).status).toBe(202);
    const { rows: names } = await sql.query(`select tenant_id, name from catalog.directory where name <> 'wrong'`);
    expect(names).toMatchObject([{ tenant_id: first!.tenantId }]);
    await rebuild({});
    expect(await rows('catalog.directory')).toEqual(before);
  });

  it('follows an owner whose database was set back only after a rebuild', async () => {
    const first = tenants[0]!;
    const name = async () => {
      const { rows: found } = await sql.query(`select name, version from catalog.directory where tenant_id = $1`, [
        first.tenantId,
      ]);
      return found[0];
    };
    const owner = (value: string, version: number) =>
      sql.query('update auth.tenants set name = $2, version = $3 where id = $1', [first.tenantId, value, version]);
    await owner('newer', 7);
    await emitAgain();
    expect(await name()).toEqual({ name: 'newer', version: '7' });
    await owner('as it was', 3);
    await emitAgain();
    expect(await name()).toEqual({ name: 'newer', version: '7' });
    await rebuild({});
    expect(await name()).toEqual({ name: 'as it was', version: '3' });
  });

  it('with a dead letter before a key is whole after a rebuild, and the letter is closed', async () => {
    const { tenantId, owner } = tenants[1]!;
    await sql.query(
      `insert into catalog.dead_letters (tenant_id, id, consumer, topic, part, "offset", type, key, sequence, event_id, headers, payload,
         payload_bytes, error_code, message, fingerprint, attempts, first_at)
       values ($1, gen_random_uuid(), 'catalog.tenants', 'idp.auth.tenant.v1', 0, 0, 'idp.auth.v1.TenantCreated', $2, 2, gen_random_uuid(), '{}',
         '', 0, 'HANDLER_FAILED', '', '0123456789abcdef', 1, now())`,
      [tenantId, `${tenantId}:${tenantId}`],
    );
    await sql.query('update auth.tenants set version = 3 where id = $1', [tenantId]);
    await rebuild({});
    const { rows: found } = await sql.query('select version from catalog.directory where tenant_id = $1', [tenantId]);
    expect(found).toEqual([{ version: '3' }]);
    const letters = await platform.fleet.request('catalog', { url: `${ops}/dead-letters`, headers: owner.headers });
    expect(letters.json<{ data: unknown[] }>().data).toMatchObject([{ status: 'discarded', reason: 'rebuild' }]);
  });
});

describe('a rebuild', () => {
  const rebuildOf = (name: string, as?: TestTenant) => post('catalog', `${ops}/consumers/${name}/rebuild`, {}, as);

  it('is for operators, and for consumers that have something to clear', async () => {
    expect((await rebuildOf('catalog.tenants', tenants[0])).status).toBe(403);
    expect((await rebuildOf('catalog.nothing')).status).toBe(404);
    const nothingToClear = await rebuildOf('catalog.snapshot-requests');
    expect([nothingToClear.status, nothingToClear.json()['error']]).toMatchObject([422, { code: 'UNPROCESSABLE' }]);
  });

  it('leaves its audit row where it was asked for and in every tenant it touched', async () => {
    const count = async () => {
      const { rows: found } = await sql.query<{ tenant_id: string }>(
        `select tenant_id from catalog.audit_log where action = 'catalog:ops:rebuild'`,
      );
      return Map.groupBy(found, (row) => row.tenant_id);
    };
    const before = await count();
    await rebuild({ tenantId: tenants[2]!.tenantId });
    const after = await count();
    const more = [...after].filter(([tenant, audits]) => audits.length > (before.get(tenant)?.length ?? 0));
    expect(new Set(more.map(([tenant]) => tenant))).toEqual(new Set([platformTenantId, tenants[2]!.tenantId]));
  });
});

describe('snapshots', () => {
  it('are given to a tenant of its own state alone', async () => {
    const [first, second] = tenants;
    await sql.query(`update auth.tenants set name = 'again', version = version + 1`);
    const answer = await post('auth', '/api/v1/auth/ops/snapshots', { topic: 'idp.auth.tenant.v1' }, second);
    expect(answer.status).toBe(202);
    const { rows: found } = await sql.query(`select tenant_id from catalog.directory where name = 'again'`);
    expect(found).toEqual([{ tenant_id: second!.tenantId }]);
    const named = { topic: 'idp.auth.tenant.v1', aggregateIds: [first!.tenantId] };
    await post('auth', '/api/v1/auth/ops/snapshots', named, second);
    expect((await sql.query(`select from catalog.directory where name = 'again'`)).rowCount).toBe(1);
    await post('auth', '/api/v1/auth/ops/snapshots', named);
    expect((await sql.query(`select from catalog.directory where name = 'again'`)).rowCount).toBe(2);
  });

  it('of a topic the service does not own are refused', async () => {
    const answer = await post('auth', '/api/v1/auth/ops/snapshots', { topic: 'idp.catalog.entity.v1' });
    expect([answer.status, answer.json()['error']]).toMatchObject([422, { code: 'UNPROCESSABLE' }]);
  });

  it('are nothing for members', async () => {
    const { headers } = tenants[0]!.member;
    const body = { topic: 'idp.auth.tenant.v1' };
    const answer = await platform.fleet.request('auth', {
      method: 'POST',
      url: '/api/v1/auth/ops/snapshots',
      headers,
      body,
    });
    expect(answer.status).toBe(403);
  });
});
