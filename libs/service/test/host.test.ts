import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { testDatabase, type TestDatabase } from '@idp/testing';
import { startService, type HostResources, type RunningService } from '../src/index.ts';
import { demo, type DemoContext } from './demo-service.ts';
import { hostResources } from './host-resources.ts';
import { tokenOf } from './kernel.ts';

/** For conditions that come true at once on an idle machine. */
const patience = { timeout: 20_000 };

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase({ services: [demo] });
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const resources = (overrides: Partial<HostResources> = {}): Promise<HostResources> =>
  hostResources(database.urlsFor('demo'), overrides);

/** The service as the embedded host runs it: requests handed over, no listener of its own. */
async function embedded(running: RunningService): Promise<{ origin: string } & AsyncDisposable> {
  const server = createServer((req, res) => running.app.routing(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('a started service', () => {
  let running: RunningService;
  let origin: string;
  let close: () => PromiseLike<void>;
  let headers: Record<string, string>;
  beforeAll(async () => {
    running = await startService(demo, await resources());
    const host = await embedded(running);
    origin = host.origin;
    close = () => host[Symbol.asyncDispose]();
    headers = { authorization: `Bearer ${await tokenOf('member')}`, 'content-type': 'application/json' };
  });
  afterAll(async () => {
    await close();
    await running.stop({ deadlineMs: 4000 });
  });

  const create = (key: string | undefined, body: string, more: Record<string, string> = {}) =>
    fetch(`${origin}/api/v1/notes`, {
      method: 'POST',
      headers: { ...headers, ...more, ...(key !== undefined && { 'idempotency-key': key }) },
      body: JSON.stringify({ body }),
    });

  test('writes and reads through its own database', async () => {
    const created = await create(undefined, 'first');
    expect(created.status).toBe(201);
    const location = created.headers.get('location')!;
    const { data } = (await created.json()) as { data: object };
    expect(data).toEqual({ id: expect.any(String), body: 'first', version: 1 });
    const read = await fetch(origin + location, { headers });
    expect(await read.json()).toMatchObject({ data });
    expect((await fetch(origin + location, { headers: { ...headers, 'if-none-match': '"1"' } })).status).toBe(304);
  });

  test('another tenant sees the 404 of what never existed', async () => {
    const location = (await create(undefined, 'mine')).headers.get('location')!;
    const other = await tokenOf('member', { tid: '0192a3b4-5c6d-7e8f-9a0b-00000000000b' });
    const bodies: unknown[] = [];
    for (const path of [location, '/api/v1/notes/0192a3b4-5c6d-7e8f-9a0b-0000000000ff']) {
      const answer = await fetch(origin + path, { headers: { authorization: `Bearer ${other}` } });
      expect(answer.status).toBe(404);
      bodies.push(((await answer.json()) as { error: object }).error);
    }
    expect(bodies[0]).toEqual(bodies[1]);
  });

  test('a key works once: the answer is repeated byte for byte', async () => {
    const first = await create('key-1', 'once');
    const again = await create('key-1', 'once');
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(await again.text()).toBe(await first.text());
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(first.headers.get('idempotency-replayed')).toBeNull();
  });

  test('a key with another body is 422', async () => {
    await create('key-2', 'one');
    const answer = await create('key-2', 'two');
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ error: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  test('twenty at once have one effect', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => create('key-3', 'parallel')));
    const created = answers.filter((answer) => answer.status === 201);
    expect(created.length).toBeGreaterThan(0);
    expect(answers.every((answer) => answer.status === 201 || answer.status === 409)).toBe(true);
    expect(new Set(created.map((answer) => answer.headers.get('location'))).size).toBe(1);
  });

  test('a failed write stores nothing under its key', async () => {
    expect((await create('key-4', '')).status).toBe(400);
    expect((await create('key-4', 'now')).status).toBe(201);
  });

  test('a query ends with the deadline of its request', async () => {
    const answer = await fetch(`${origin}/api/v1/notes/slow`, {
      headers: { ...headers, 'x-request-deadline-ms': '300' },
    });
    expect(answer.status).toBe(504);
  });

  test('shows itself: health, configuration without secrets, description', async () => {
    expect(running.health()).toMatchObject({ started: true, ready: true, checks: [{ name: 'database', ok: true }] });
    expect(await running.info()).toMatchObject({
      service: 'demo',
      mode: 'embedded',
      configuration: [{ name: 'DEMO_GREETING', value: 'hello', source: 'default' }],
      background: expect.arrayContaining([expect.objectContaining({ name: 'wait-for-the-end', state: 'running' })]),
    });
    expect(await running.openapi()).toMatchObject({ openapi: '3.1.0', info: { title: 'demo' } });
  });
});

describe('stop', () => {
  test('lets a request in flight finish, ends background work and closes the pools', async () => {
    const running = await startService(demo, await resources());
    await using host = await embedded(running);
    const { held, runs } = running.context as DemoContext;
    const inFlight = fetch(`${host.origin}/api/v1/held`);
    await vi.waitFor(() => expect(held.count).toBe(1), patience);
    const stopped = running.stop({ deadlineMs: 4000 });
    expect(runs.ended).toEqual([]);
    held.release();
    await stopped;
    expect((await inFlight).status).toBe(200);
    expect(running.health().ready).toBe(false);
    expect(runs.ended).toEqual(['wait-for-the-end']);
    const door = running.database.tenant('0192a3b4-5c6d-7e8f-9a0b-00000000000a');
    await expect(door.read(async (tx) => sql`select 1`.execute(tx.db))).rejects.toThrow(/cannot be reached/);
  });
});

describe('start', () => {
  test('names a wrong variable', async () => {
    const service = {
      ...demo,
      config: demo.config.extend({ DEMO_GREETING: demo.config.shape.DEMO_GREETING.unwrap().max(3) }),
    };
    await expect(startService(service, await resources({ env: { DEMO_GREETING: 'too long' } }))).rejects.toThrow(
      /configuration is not valid: DEMO_GREETING: /,
    );
  });

  test('fails when the database is away, and leaves nothing open', async () => {
    const urls = { app: 'postgres://nobody@127.0.0.1:1/none', relay: 'postgres://nobody@127.0.0.1:1/none' };
    await expect(startService(demo, await resources({ databaseUrls: urls }))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });

  test('disposes of the context when a later step fails', async () => {
    let disposed = 0;
    const broken = {
      ...demo,
      dispose: async () => void disposed++,
      ready: () => Promise.reject(new Error('not today')),
    };
    await expect(startService(broken, await resources())).rejects.toThrow('not today');
    expect(disposed).toBe(1);
  });
});
