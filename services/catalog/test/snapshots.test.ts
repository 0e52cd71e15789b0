import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeEvent, toJson, getEventType, type EventType } from '@idp/contracts';
import { startCatalog, type RunningCatalog, type TestTenant } from './support/running-catalog.ts';

let catalog: RunningCatalog;
let tenant: TestTenant;
let sql: pg.Client;

beforeAll(async () => {
  catalog = await startCatalog();
  tenant = await catalog.tenant();
  sql = new pg.Client({ connectionString: catalog.adminUrl });
  sql.on('error', () => undefined);
  await sql.connect();
}, 60_000);
afterAll(async () => {
  await sql.end();
  await catalog[Symbol.asyncDispose]();
});

interface Told {
  key: string;
  sequence: number;
  snapshot: boolean;
  type: string;
  data: Record<string, unknown>;
}

/** What a topic says of the tenant, in order. */
async function told(topic: string): Promise<Told[]> {
  const { rows } = await sql.query<{ key: string; headers: string; payload: Buffer }>(
    `select key, headers, payload from bus.records where topic = $1 and starts_with(key, $2) order by created_at, "offset"`,
    [topic, tenant.id],
  );
  return rows.map(({ key, headers: text, payload }) => {
    const headers = JSON.parse(text) as Record<string, string>;
    const type = headers['ce_type'] as EventType;
    const data = toJson(getEventType(type).schema, decodeEvent(type, payload)) as Told['data'];
    return { key, sequence: Number(headers['ce_sequence']), snapshot: headers['ce_snapshot'] === 'true', type, data };
  });
}

async function emitAgain(topic: string, aggregateIds?: string[]): Promise<void> {
  const body = { topic, ...(aggregateIds === undefined ? {} : { aggregateIds }) };
  const answer = await catalog.request('POST', '/api/v1/catalog/ops/snapshots', { token: tenant.admin.token, body });
  expect(answer.status).toBe(202);
  await settled();
}

async function settled(): Promise<void> {
  const { jobs, events } = catalog.service;
  do await events.drain();
  while (!(await jobs.drained()) || !(await events.drained()));
}

/** Without what says how the state came about. */
function stateOf({ data }: Told): Told['data'] {
  const {
    cause: _cause,
    actor: _actor,
    sourceId: _source,
    changedAt: _changed,
    changedFields: _fields,
    ...state
  } = data;
  return state;
}

test.each([
  ['idp.catalog.entity.v1', 'idp.catalog.v1.EntityUpdated'],
  ['idp.catalog.service.v1', 'idp.catalog.v1.ServiceUpdated'],
])('snapshots of %s hold the state and version of the last event of each aggregate', async (topic, type) => {
  const ids: string[] = [];
  for (const name of ['one', 'two', 'three']) {
    const body = { name: `${name}-${topic.split('.')[2]}`, ownerRef: 'group:default/guests', description: 'first' };
    const answer = await catalog.request('POST', '/api/v1/services', { token: tenant.member.token, body });
    ids.push(answer.body.data.id);
  }
  await catalog.request('PATCH', `/api/v1/services/${ids[0]}`, {
    token: tenant.member.token,
    body: { description: 'second' },
    headers: { 'if-match': '*' },
  });
  await settled();
  const before = await told(topic);
  await emitAgain(topic, [ids[0]!, 'no-uuid', crypto.randomUUID()]);
  const [one, ...more] = (await told(topic)).slice(before.length);
  expect(more).toEqual([]);
  const last = before.filter(({ key }) => key === `${tenant.id}:${ids[0]}`).at(-1)!;
  expect(one).toMatchObject({ snapshot: true, type, sequence: last.sequence });
  expect(stateOf(one!)).toEqual(stateOf(last));
  await emitAgain(topic);
  const all = (await told(topic)).slice(before.length + 1);
  const newest = new Map(before.map((each) => [each.key, each]));
  expect(all.every(({ snapshot }) => snapshot)).toBe(true);
  expect(new Map(all.map((each) => [each.key, [each.sequence, stateOf(each)]]))).toEqual(
    new Map([...newest].map(([key, each]) => [key, [each.sequence, stateOf(each)]])),
  );
});
