import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headerOf, jsonOf, send } from '../../src/hostile/wire/client.ts';
import { replay } from '../../src/isolation/replay.ts';
import { notesService } from './notes/service.ts';
import type { Hole } from './notes/service.ts';
import { startPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import { platformServices } from './services.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

async function start(hole: Hole): Promise<{ platform: Platform; world: World }> {
  const platform = await startPlatform([...(await platformServices()), notesService(hole)]);
  return { platform, world: await createWorld(platform) };
}

describe('50 requests at once with one idempotency key', () => {
  let platform: Platform;
  let world: World;

  beforeAll(async () => {
    ({ platform, world } = await start('none'));
  });
  afterAll(async () => {
    await platform[Symbol.asyncDispose]();
  });

  async function post(principal: string, key: string, body: object) {
    const notes = platform.targets.find((target) => target.name === 'notes');
    const credentials = await world.a.fixture.credentials(principal);
    const headers = { ...credentials, 'content-type': 'application/json', 'idempotency-key': key };
    return send(notes?.baseUrl ?? '', { method: 'POST', target: '/api/v1/notes', headers, body: JSON.stringify(body) });
  }

  async function titles(principal: string): Promise<string[]> {
    const notes = platform.targets.find((target) => target.name === 'notes');
    const headers = await world.a.fixture.credentials(principal);
    const answer = await send(notes?.baseUrl ?? '', { method: 'GET', target: '/api/v1/notes?limit=100', headers });
    return (jsonOf(answer) as { data: { title: string }[] }).data.map((note) => note.title);
  }

  it('have one effect; the others are told to wait or get the same answer', async () => {
    const body = { title: 'written once', body: 'text' };
    const answers = await Promise.all(Array.from({ length: 50 }, () => post('ownerA', 'fifty', body)));
    const created = answers.filter((answer) => answer.status === 201);
    const first = created.filter((answer) => headerOf(answer, 'idempotency-replayed') === undefined);
    expect(first).toHaveLength(1);
    expect(new Set(created.map((answer) => answer.body)).size).toBe(1);
    expect(new Set(answers.filter((answer) => answer.status !== 201).map((answer) => answer.status))).toEqual(
      new Set(answers.length === created.length ? [] : [409]),
    );
    expect((await titles('ownerA')).filter((title) => title === 'written once')).toHaveLength(1);
    const again = await post('ownerA', 'fifty', body);
    expect([again.status, headerOf(again, 'idempotency-replayed'), again.body]).toEqual([201, 'true', first[0]?.body]);
  });

  it('with another body the key is refused', async () => {
    expect((await post('ownerA', 'body', { title: 'one', body: 'x' })).status).toBe(201);
    const other = await post('ownerA', 'body', { title: 'two', body: 'x' });
    expect(other.status).toBe(422);
    expect(jsonOf(other)).toMatchObject({ error: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  it('another tenant and another person use the same key for themselves', async () => {
    const body = { title: 'same key', body: 'x' };
    const answers = [await post('ownerA', 'shared', body), await post('ownerB', 'shared', body)];
    expect(answers.map((answer) => answer.status)).toEqual([201, 201]);
    expect(answers.map((answer) => headerOf(answer, 'idempotency-replayed'))).toEqual([undefined, undefined]);
    expect((await post('adminA', 'shared', { title: 'of the admin', body: 'x' })).status).toBe(201);
  });

  it('an answer that was an error is not kept', async () => {
    const taken = { title: 'same key', body: 'x' };
    expect((await post('ownerA', 'error', taken)).status).toBe(409);
    expect((await post('ownerA', 'error', { ...taken, title: 'free' })).status).toBe(201);
  });
});

describe('the replay of foreign values', () => {
  it.each([
    ['finds nothing where nothing is wrong', 'none'],
    ['finds a cache that tenants share', 'shared-cache'],
    ['finds an answer that tells what exists elsewhere', 'telling'],
  ] as const)('%s', { timeout: 180_000 }, async (_name, hole) => {
    const { platform, world } = await start(hole);
    try {
      const result = await replay({ ...world, targets: world.targets.filter((target) => target.name === 'notes') });
      expect(result.values.length).toBeGreaterThan(3);
      expect(result.operations).toEqual(expect.arrayContaining(['createNote', 'deleteNote', 'getNote', 'listNotes']));
      const own = result.findings.filter((finding) => /^getNote\b/.test(finding));
      expect(own.length > 0).toBe(hole !== 'none');
      expect(result.findings.filter((finding) => !own.includes(finding))).toEqual([]);
    } finally {
      await platform[Symbol.asyncDispose]();
    }
  });
});
