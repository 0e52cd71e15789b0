import { expect } from 'vitest';
import { refresh, signIn, type Answer, type Person } from './caller.ts';
import { hire, newAccount, openCompany, type Company } from './company.ts';
import { changeCatalog, changeCompany, type Change } from './changes.ts';
import { patient, type Place } from './place.ts';

interface AuditRow {
  requestId: string;
  service: string;
  action: string;
  outcome: string;
  before: unknown;
  after: unknown;
}

const requestIdOf = ({ headers }: Answer): string => headers.get('x-request-id')!;

async function logOf(auditor: Person): Promise<AuditRow[]> {
  const rows: AuditRow[] = [];
  for (let cursor = ''; ;) {
    const { body } = await auditor.auth.get(`/api/v1/auth/audit-logs?limit=100${cursor && `&cursor=${cursor}`}`);
    rows.push(...body.data);
    if (body.meta.nextCursor === undefined) return rows;
    cursor = encodeURIComponent(body.meta.nextCursor);
  }
}

/** Rows of both services that a request has left, where it was served. */
async function localRows({ sql }: Place, requestIds: readonly string[]): Promise<number> {
  const one = (schema: string) => `(select count(*) from ${schema}.audit_log where request_id = any ($1))`;
  const { rows } = await sql.query<{ n: number }>(`select (${one('auth')} + ${one('catalog')})::int as n`, [
    requestIds,
  ]);
  return rows[0]!.n;
}

/** Auth §8.18: each change has one row, which says what it changed; what is only repeated, read or renewed has none. */
export async function expectOneRowPerChange(place: Place): Promise<void> {
  const company = await openCompany(place);
  const { owner } = company;
  const member = await hire(place, company, 'member');
  // A session that ends with what is done to its owner is an effect of its own, with a row of its own.
  expect((await member.auth.post('/api/v1/auth/logout')).status).toBe(204);
  const changes = new Map<string, string>();
  const silent: string[] = [];
  const perform = async ({ method, path, body, service = 'auth' }: Change): Promise<Answer['body']> => {
    const name = `${method} ${path}`;
    const headers = { 'idempotency-key': `${changes.size}` };
    const api = owner[service];
    const send = () => (method === 'post' ? api.post(path, body, headers) : api[method](path, body));
    const answer = await send();
    expect([name, answer.status >= 200 && answer.status < 300, answer.text]).toEqual([name, true, expect.anything()]);
    changes.set(requestIdOf(answer), name);
    if (method !== 'post') return answer.body?.data;
    const replay = await send();
    expect([name, replay.status, replay.headers.get('idempotency-replayed')]).toEqual([name, answer.status, 'true']);
    silent.push(requestIdOf(replay));
    return answer.body.data;
  };
  await changeCompany(perform, { tenantId: company.id, member, email: newAccount(company).email });
  await changeCatalog(perform);
  expect(silent.length).toBeGreaterThan(5);
  silent.push(...(await unaudited(place, company)));

  const found = async () => {
    const rows = await logOf(owner);
    return [...changes].filter(([id]) => !rows.some(({ requestId }) => requestId === id)).map(([, name]) => name);
  };
  await expect.poll(found, patient).toEqual([]);
  const rows = (await logOf(owner)).filter(({ requestId }) => changes.has(requestId));
  const several = rows.filter(({ requestId }, at) => rows.findIndex((row) => row.requestId === requestId) !== at);
  expect(several.map(({ requestId }) => changes.get(requestId))).toEqual([]);
  const stateless = rows.filter(({ before, after }) => before === null && after === null);
  expect(stateless.map(({ requestId }) => changes.get(requestId))).toEqual([]);
  expect(rows.filter(({ outcome }) => outcome !== 'succeeded')).toEqual([]);
  expect(new Set(rows.map(({ service }) => service))).toEqual(new Set(['auth', 'catalog']));
  expect(await localRows(place, silent)).toBe(0);
}

/** Requests that change nothing anybody would ask about. */
async function unaudited(place: Place, { owner }: Company): Promise<string[]> {
  const session = await signIn(place, owner.account);
  const answers = [
    await refresh(place, session.refreshToken),
    await owner.auth.get('/api/v1/teams'),
    await owner.catalog.get('/api/v1/services'),
    await owner.auth.post('/api/v1/auth/authz/check', { permission: 'auth:team:read' }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  return answers.map(requestIdOf);
}
