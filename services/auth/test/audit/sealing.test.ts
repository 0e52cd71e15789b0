import { createHash } from 'node:crypto';
import { newId } from '@idp/contracts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { auditPartitionJobs } from '../../src/jobs/audit-partitions.ts';
import { sealAuditLog } from '../../src/operations/audit/seal-audit-log.ts';
import { makeTenant, type TestTenant } from '../support/people.ts';
import { eventsOfType } from '../support/published-events.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';
import { arrive, sealedRows } from './support.ts';

// Jobs and the sealer are waited for; a loaded machine takes its time.
vi.setConfig({ testTimeout: 120_000 });

let auth: RunningAuth;
let a: TestTenant;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
});
afterAll(() => auth?.[Symbol.asyncDispose]());

test('what a service records is numbered from 1 in the chain of its tenant, once', async () => {
  const local = () => auth.sql.query('select id from auth.audit_log where tenant_id = $1 order by id', [a.id]);
  await expect
    .poll(async () => (await sealedRows(auth, a.id)).length, { timeout: 60_000 })
    .toBe((await local()).rows.length);
  const rows = await sealedRows(auth, a.id);
  expect(rows.length).toBeGreaterThan(4);
  expect(rows.map(({ seq }) => Number(seq))).toEqual(rows.map((_, at) => at + 1));
  expect(rows.map(({ id }) => id).toSorted()).toEqual((await local()).rows.map(({ id }) => id as string));
  const created = rows.find(({ action }) => action === 'auth:member:add');
  expect(created).toMatchObject({ service: 'auth', actor: 'service:auth', outcome: 'succeeded', before: null });
  expect(JSON.parse(created!.after!)).toMatchObject({ status: 'active' });
});

test('each hash covers the row before it, the row, and its erasable parts by their salts', async () => {
  const rows = await sealedRows(auth, a.id);
  let previous = Buffer.alloc(32);
  for (const row of rows) {
    expect(row.prev_hash).toEqual(previous);
    const statesHash = row.after && sha256(`${row.states_salt}{"after":${row.after}}`);
    expect(row.states_hash).toEqual(statesHash);
    const text = JSON.stringify({
      action: row.action,
      actor: row.actor,
      id: row.id,
      occurredAt: row.occurred_at.toISOString(),
      outcome: row.outcome,
      ...(row.reason !== null && { reason: row.reason }),
      receivedAt: row.received_at.toISOString(),
      ...(row.request_id !== null && { requestId: row.request_id }),
      resourceId: row.resource_id,
      resourceType: row.resource_type,
      seq: Number(row.seq),
      service: row.service,
      ...(statesHash !== null && { statesHash: statesHash.toString('hex') }),
      tenantId: a.id,
      ...(row.trace_id !== null && { traceId: row.trace_id }),
      truncated: row.truncated,
    });
    expect(sha256(Buffer.concat([previous, Buffer.from(text)]))).toEqual(row.row_hash);
    previous = Buffer.from(row.row_hash);
  }
});

test('a checkpoint is signed and told after a minute, once', async () => {
  const { id: tenantId } = await makeTenant(auth, 'minute');
  await expect.poll(async () => (await sealedRows(auth, tenantId)).length, { timeout: 60_000 }).toBeGreaterThan(4);
  await auth.service.events.drain();
  const checkpoints = async () =>
    (await auth.sql.query('select * from auth.audit_checkpoints where tenant_id = $1', [tenantId])).rows;
  expect(await checkpoints()).toEqual([]);
  auth.setClock(61_000);
  auth.ctx.auditArrivals.wake();
  await expect.poll(async () => (await checkpoints()).length, { timeout: 60_000 }).toBe(1);
  const rows = await sealedRows(auth, tenantId);
  const [checkpoint] = await checkpoints();
  expect(checkpoint).toMatchObject({ from_seq: '1', to_seq: String(rows.length), last_hash: rows.at(-1)!.row_hash });
  expect(await sealAuditLog(auth.ctx, tenantId)).toMatchObject({ rows: 0, oldestReceivedAt: undefined });
  expect(await checkpoints()).toHaveLength(1);
  const told = await eventsOfType(auth.sql, 'idp.auth.v1.AuditCheckpointSigned');
  expect(told.filter(({ data }) => data.tenantId === tenantId)).toMatchObject([
    { data: { checkpointId: checkpoint.id, toSeq: BigInt(rows.length), kid: checkpoint.kid } },
  ]);
});

test('a thousand rows end with a checkpoint of their own', async () => {
  const { id: tenantId } = await makeTenant(auth, 'thousand');
  await arrive(auth, tenantId, 2_500);
  await expect
    .poll(async () => (await sealedRows(auth, tenantId)).length, { timeout: 60_000 })
    .toBeGreaterThanOrEqual(2_500);
  const { rows } = await auth.sql.query(
    'select from_seq::int as from, to_seq::int as to from auth.audit_checkpoints where tenant_id = $1 order by to_seq',
    [tenantId],
  );
  expect(rows).toEqual([
    { from: 1, to: 1000 },
    { from: 1001, to: 2000 },
  ]);
});

test('sealers side by side number every row once', async () => {
  const tenantId = newId();
  await arrive(auth, tenantId, 500, { wake: false });
  const outcomes = await Promise.all(Array.from({ length: 6 }, () => sealAuditLog(auth.ctx, tenantId)));
  expect(outcomes.some((outcome) => (outcome?.rows ?? 0) > 0)).toBe(true);
  await sealAuditLog(auth.ctx, tenantId);
  const rows = await sealedRows(auth, tenantId);
  expect(rows.map(({ seq }) => Number(seq))).toEqual(Array.from({ length: 500 }, (_, at) => at + 1));
  expect(new Set(rows.map(({ id }) => id)).size).toBe(500);
});

test('partitions of the months ahead are made again where they are missing', async () => {
  const partitions = async () =>
    (
      await auth.sql.query<{ name: string }>(
        `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'auth.audit_chain'::regclass order by 1`,
      )
    ).rows.map(({ name }) => name);
  const before = await partitions();
  expect(before).toHaveLength(5);
  const last = before.findLast((name) => !name.endsWith('_default'))!;
  await auth.sql.query(`drop table ${last}`);
  await auditPartitionJobs(auth.ctx).queue.handler({} as never);
  expect(await partitions()).toEqual(before);
});

test('rows can be added to the chain and read, and nothing else', async () => {
  const { rows } = await auth.sql.query(
    `select privilege_type as privilege from information_schema.role_table_grants
      where table_schema = 'auth' and table_name = 'audit_chain' and grantee = $1 order by 1`,
    [`${auth.database.prefix}auth_app`],
  );
  expect(rows.map(({ privilege }) => privilege as string)).toEqual(['INSERT', 'SELECT']);
});

function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}
