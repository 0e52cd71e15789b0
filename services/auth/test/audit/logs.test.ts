import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { newId } from '@idp/contracts';
import { makeTenant, signIn, type TestTenant } from '../support/people.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';
import { sealedRows } from './support.ts';

const base = '/api/v1/auth/audit-logs';

// Jobs and the sealer are waited for; a loaded machine takes its time.
vi.setConfig({ testTimeout: 120_000 });

let auth: RunningAuth;
let a: TestTenant;
let b: TestTenant;
let token: string;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
  b = await makeTenant(auth, 'bolt');
  token = (await signIn(auth, a.admin)).accessToken;
  await sealed(b.id, 5);
  await sealed(a.id, 6);
});
afterAll(() => auth?.[Symbol.asyncDispose]());

async function sealed(tenantId: string, countMin: number): Promise<void> {
  await vi.waitUntil(async () => (await sealedRows(auth, tenantId)).length >= countMin, { timeout: 60_000 });
}

interface Row {
  id: string;
  seq: number;
  occurredAt: string;
  actor: string;
  action: string;
  resourceType: string;
  resourceId: string;
}

async function list(query = ''): Promise<Row[]> {
  const answer = await auth.request('GET', `${base}?limit=100${query}`, { token });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data as Row[];
}

test('the log of the tenant is listed newest first, page by page, each row once', async () => {
  const rows = await list();
  expect(rows.map(({ id }) => id).toSorted()).toEqual((await sealedRows(auth, a.id)).map(({ id }) => id).toSorted());
  expect(rows).toEqual(rows.toSorted((x, y) => y.occurredAt.localeCompare(x.occurredAt) || y.seq - x.seq));
  const paged: Row[] = [];
  let cursor = '';
  do {
    const answer = await auth.request('GET', `${base}?limit=2${cursor}`, { token });
    paged.push(...(answer.body.data as Row[]));
    const next = answer.body.meta.nextCursor as string | undefined;
    cursor = next === undefined ? '' : `&cursor=${encodeURIComponent(next)}`;
  } while (cursor !== '');
  expect(paged).toEqual(rows);
});

test('every filter leaves the rows that match it', async () => {
  const rows = await list();
  const signedIn = rows.find(
    ({ action, actor }) => action === 'auth:session:create' && actor === `user:${a.admin.id}`,
  )!;
  const member = rows.find(({ action }) => action === 'auth:member:add')!;
  const matching = (keep: (row: Row) => boolean) => rows.filter(keep);
  expect(await list(`&actor=${signedIn.actor}`)).toEqual(matching(({ actor }) => actor === signedIn.actor));
  expect(await list(`&action=${member.action}`)).toEqual(matching(({ action }) => action === member.action));
  expect(await list(`&resourceType=membership&resourceId=${member.resourceId}`)).toEqual([member]);
  expect(await list('&ip=127.0.0.1')).toContainEqual(signedIn);
  expect(await list('&ip=198.51.100.1')).toEqual([]);
  expect(await list('&outcome=succeeded')).toEqual(rows);
  expect(await list('&outcome=denied')).toEqual([]);
  const { body } = await auth.request('GET', `${base}/${signedIn.id}`, { token });
  expect(body.data).toMatchObject({ ip: '127.0.0.1', userAgent: 'auth-test', resourceType: 'session', before: null });
  expect(await list(`&traceId=${body.data.traceId}`)).toEqual([signedIn]);
  expect(await list(`&from=${signedIn.occurredAt}`)).toContainEqual(signedIn);
  expect(await list(`&to=${signedIn.occurredAt}`)).not.toContainEqual(signedIn);
  expect((await auth.request('GET', `${base}?resourceId=x`, { token })).status).toBe(400);
  expect((await auth.request('GET', `${base}?from=yesterday`, { token })).status).toBe(400);
});

test('who is no administrator does not see it, and nobody sees the log of another tenant', async () => {
  for (const path of [base, `${base}/verify`, `${base}/checkpoints`, `${base}/keys`, `${base}/${newId()}`]) {
    const viewer = await signIn(auth, a.viewer);
    expect((await auth.request('GET', path, { token: viewer.accessToken })).status).toBe(403);
    expect((await auth.request('GET', path, {})).status).toBe(401);
  }
  const [foreign] = await sealedRows(auth, b.id);
  const answers = await Promise.all(
    [foreign!.id, newId()].map((id) => auth.request('GET', `${base}/${id}`, { token })),
  );
  expect(answers.map(({ status }) => status)).toEqual([404, 404]);
  expect(await list(`&resourceType=${foreign!.resource_type}&resourceId=${foreign!.resource_id}`)).toEqual([]);
});

test('what happened in another system is recorded as the report of the caller, once per key', async () => {
  const body = {
    action: 'external:ldap:login',
    resourceType: 'directory',
    resourceId: 'office',
    outcome: 'denied',
    actor: 'cn=jane',
    occurredAt: '2026-01-02T03:04:05Z',
    ip: '2001:db8::7',
    reason: 'wrong password',
    details: { realm: 'office' },
  };
  const headers = { 'idempotency-key': newId() };
  const answers = [
    await auth.request('POST', base, { token, body, headers }),
    await auth.request('POST', base, { token, body, headers }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([202, 202]);
  expect(answers[1]!.body).toEqual(answers[0]!.body);
  const { id } = answers[0]!.body.data as { id: string };
  await expect
    .poll(async () => (await auth.request('GET', `${base}/${id}`, { token })).status, { timeout: 60_000 })
    .toBe(200);
  expect((await auth.request('GET', `${base}/${id}`, { token })).body.data).toMatchObject({
    actor: `user:${a.admin.id}`,
    onBehalfOf: 'external:cn=jane',
    action: body.action,
    outcome: 'denied',
    ip: body.ip,
    userAgent: null,
    reason: body.reason,
    after: { occurredAt: body.occurredAt, details: body.details },
  });
  expect((await list('&outcome=denied')).map((row) => row.id)).toEqual([id]);
  const forged = await auth.request('POST', base, { token, body: { ...body, action: 'auth:session:create' } });
  expect(forged.status).toBe(400);
  const member = await signIn(auth, a.member);
  expect((await auth.request('POST', base, { token: member.accessToken, body })).status).toBe(403);
});

test('a chain as it was sealed is valid, as a whole and in part', async () => {
  const verdict = async (query = '') => (await auth.request('GET', `${base}/verify${query}`, { token })).body.data;
  const rows = await sealedRows(auth, a.id);
  expect(await verdict(`?to=${rows.length}`)).toMatchObject({ valid: true, rows: rows.length, firstBadSeq: null });
  expect(await verdict('?from=3&to=4')).toMatchObject({ valid: true, from: 3, to: 4, rows: 2, nextSeq: null });
  expect(await verdict(`?from=${rows.length + 1000}`)).toMatchObject({ valid: true, rows: 0 });
  expect((await auth.request('GET', `${base}/verify?from=5&to=4`, { token })).status).toBe(400);
});

test.each([
  ['an edited column', `update auth.audit_chain set actor = 'user:nobody' where tenant_id = $1 and seq = 3`, 3],
  ['an edited state', `update auth.audit_chain set after = '{}' where tenant_id = $1 and seq = 4`, 4],
  ['an edited address', `update auth.audit_chain set ip = '198.51.100.9' where tenant_id = $1 and seq = 2`, 2],
  ['a deleted row', 'delete from auth.audit_chain where tenant_id = $1 and seq = 3', 3],
  ['a deleted first row', 'delete from auth.audit_chain where tenant_id = $1 and seq = 1', 1],
  ['a cut tail', 'delete from auth.audit_chain where tenant_id = $1 and seq >= 5', 5],
  [
    'two rows that changed places',
    `update auth.audit_chain set seq = 7 - seq where tenant_id = $1 and seq in (3, 4)`,
    3,
  ],
])(
  '%s is found',
  async (_what, change, seq) => {
    const tenant = await makeTenant(auth, `tampered-${newId().slice(-12)}`);
    const admin = await signIn(auth, tenant.admin);
    await sealed(tenant.id, 6);
    await auth.sql.query(change, [tenant.id]);
    const answer = await auth.request('GET', `${base}/verify`, { token: admin.accessToken });
    expect(answer.body.data).toMatchObject({ valid: false, firstBadSeq: seq });
  },
  90_000,
);
