import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sql } from 'kysely';
import { testDatabase, type TestDatabase } from '@idp/testing';
import { startService, type RunningService } from '../src/index.ts';
import { demoWithTopics } from './demo-service.ts';
import { hostResources } from './host-resources.ts';
import { tenantA, tokenOf } from './kernel.ts';

let database: TestDatabase;
let running: RunningService;
let origin: string;

beforeAll(async () => {
  database = await testDatabase({ services: [demoWithTopics] });
  running = await startService(demoWithTopics, await hostResources(database.urlsFor('catalog')));
  origin = await running.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await running.stop({ deadlineMs: 4000 });
  await database[Symbol.asyncDispose]();
});

const denials = async (): Promise<unknown[]> => {
  const { rows } = await running.database
    .tenant(tenantA)
    .read((tx) =>
      sql`select action, resource_type, outcome, actor, request_id from audit_log where outcome = 'denied'`.execute(
        tx.db,
      ),
    );
  return rows;
};

test('a refused mutation leaves an audit row with who asked; a refused read leaves none', async () => {
  const headers = {
    authorization: `Bearer ${await tokenOf('viewer')}`,
    'content-type': 'application/json',
    'x-request-id': 'denied-1',
  };
  const answer = await fetch(`${origin}/api/v1/notes`, { method: 'POST', headers, body: '{"body":"x"}' });
  expect(answer.status).toBe(403);
  await vi.waitFor(async () => expect(await denials()).toHaveLength(1), { timeout: 5000 });
  expect(await denials()).toEqual([
    {
      action: 'catalog:note:create',
      resource_type: 'note',
      outcome: 'denied',
      actor: expect.stringMatching(/^user:/),
      request_id: 'denied-1',
    },
  ]);
});

test('what is refused again within a minute becomes one more row, with the count, when the minute or the service ends', async () => {
  await using own = await testDatabase({ services: [demoWithTopics] });
  const now = new Date();
  const resources = await hostResources(own.urlsFor('catalog'), { clock: () => now });
  const service = await startService(demoWithTopics, resources);
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 });
  const headers = { authorization: `Bearer ${await tokenOf('viewer')}`, 'content-type': 'application/json' };
  for (let call = 0; call < 5; call += 1) {
    const answer = await fetch(`${url}/api/v1/notes`, { method: 'POST', headers, body: '{"body":"x"}' });
    expect(answer.status).toBe(403);
  }
  await service.stop({ deadlineMs: 10_000 });
  const later = await startService(demoWithTopics, resources);
  const { rows } = await later.database
    .tenant(tenantA)
    .read((tx) => sql`select outcome, after from audit_log order by after is not null`.execute(tx.db));
  await later.stop({ deadlineMs: 10_000 });
  expect(rows).toEqual([
    { outcome: 'denied', after: null },
    { outcome: 'denied', after: { repeated: 4 } },
  ]);
});
