import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import {
  CommitUnknownError,
  idempotent,
  purgeIdempotencyKeys,
  type Database,
  type IdempotencyRequest,
} from '../src/index.ts';
import { addThing, countThings, startProbe, tenantA, tenantB, type Probe, type ProbeTables } from './probe.ts';
import { startWireProxy, type WireProxy } from './wire-proxy.ts';

/** For conditions that come true at once on an idle machine. */
const patience = { timeout: 20_000 };

let probe: Probe;
let proxy: WireProxy;
let database: Database<ProbeTables>;

beforeAll(async () => {
  probe = await startProbe();
  proxy = await startWireProxy(probe.appUrl);
  database = probe.open({ url: proxy.url });
});
beforeEach(async () => {
  await probe.admin.query('truncate things, idempotency_keys');
});
afterAll(async () => {
  await probe[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
});

function request(body: string, more: Partial<IdempotencyRequest> = {}): IdempotencyRequest {
  const requestHash = createHash('sha256').update(body).digest('hex');
  return { key: 'key-1', principal: 'user:1', route: 'POST /things', requestHash, ...more };
}

function post(body: string, more: Partial<IdempotencyRequest> = {}, tenant = tenantA) {
  return idempotent(database, tenant, request(body, more), async (tx) => {
    const id = await addThing(tx, body);
    return { status: 201, headers: { location: `/things/${id}` }, body: JSON.stringify({ id }) };
  });
}

test('fifty requests at once with one key have one effect; the others get the answer or 409', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => post('a')));
  const answers = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason as unknown);
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  expect(new Set(answers.map(({ answer }) => answer.body)).size).toBe(1);
  for (const reason of refused) expect(reason).toMatchObject({ code: 'IDEMPOTENCY_IN_PROGRESS', retryAfterSeconds: 1 });
  expect(await countThings(probe)).toBe(1);
});

test('a second request gets the stored answer, status and headers included', async () => {
  const first = await post('a');
  const second = await post('a');
  expect(first.replayed).toBe(false);
  expect(second).toEqual({ answer: first.answer, replayed: true });
});

test('the key with another request is refused', async () => {
  await post('a');
  await expect(post('b')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED', status: 422 });
  expect(await countThings(probe)).toBe(1);
});

test('keys belong to a tenant, a principal and a route', async () => {
  await post('a');
  expect((await post('a', {}, tenantB)).replayed).toBe(false);
  expect((await post('b', { principal: 'user:2' })).replayed).toBe(false);
  expect((await post('c', { route: 'POST /others' })).replayed).toBe(false);
});

test('a failed request stores nothing and may be tried again', async () => {
  await post('a', { key: 'first' });
  await expect(post('a')).rejects.toMatchObject({ code: 'CONFLICT' });
  await probe.admin.query('truncate things');
  expect((await post('a')).replayed).toBe(false);
});

test('an expired key works again', async () => {
  await post('a');
  await probe.admin.query(`update idempotency_keys set expires_at = now() - interval '1 second'`);
  expect((await post('b')).replayed).toBe(false);
  expect((await post('b')).replayed).toBe(true);
});

test('an answer above 64 KiB is not kept: the repetition is told where the resource is', async () => {
  const post = () =>
    idempotent(database, tenantA, request('big'), async (tx) => {
      await addThing(tx, 'big');
      return { status: 201, headers: { location: '/things/big' }, body: 'x'.repeat(65 * 1024) };
    });
  await post();
  await expect(post()).rejects.toMatchObject({
    code: 'IDEMPOTENCY_NOT_REPLAYABLE',
    headers: { location: '/things/big' },
  });
});

test('a sensitive answer is stored sealed and replayed open', async () => {
  const seal = {
    seal: async (text: string) => Buffer.from(text).toString('hex'),
    open: async (text: string) => Buffer.from(text, 'hex').toString(),
  };
  const post = () =>
    idempotent(database, tenantA, request('key', { seal }), async (tx) => {
      await addThing(tx, 'key');
      return { status: 201, headers: {}, body: 'shown once' };
    });
  await post();
  const { rows } = await probe.admin.query<{ body: string; sealed: boolean }>(
    'select body, sealed from idempotency_keys',
  );
  expect(rows).toEqual([{ body: Buffer.from('shown once').toString('hex'), sealed: true }]);
  expect(await post()).toMatchObject({ answer: { body: 'shown once' }, replayed: true });
});

test('a connection cut right after COMMIT: the caller gets the truth, with exactly one effect', async () => {
  const cut = async (deliver: boolean) => {
    const arm = () => (deliver ? proxy.cutAfterSending('commit') : proxy.cutBeforeSending('commit'));
    return idempotent(database, tenantA, request('cut'), async (tx) => {
      const id = await addThing(tx, 'cut');
      arm();
      return { status: 201, headers: {}, body: id };
    });
  };
  await expect(cut(false)).rejects.toThrow(CommitUnknownError);
  expect(await countThings(probe)).toBe(0);
  // The server may still be committing when we look: then the answer is 503, and the next try finds the row.
  const answer = await cut(true).catch((error: unknown) => error);
  await vi.waitFor(async () => expect(await countThings(probe)).toBe(1), patience);
  const truth = answer instanceof CommitUnknownError ? await post('cut') : answer;
  expect(truth).toMatchObject({ replayed: true });
  expect((await post('cut')).replayed).toBe(true);
  expect(await countThings(probe)).toBe(1);
});

test.each(['', 'a b', 'ä', 'x'.repeat(256), 'a\n'])('a malformed key is refused: %j', async (key) => {
  await expect(post('a', { key })).rejects.toMatchObject({ status: 400 });
});

test('answers that are kept no longer are deleted, of all tenants, and no others', async () => {
  await post('old');
  await post('old', {}, tenantB);
  await probe.admin.query(`update idempotency_keys set expires_at = now() - interval '1 second'`);
  await post('new', { key: 'key-2' });
  expect(await purgeIdempotencyKeys(database, { signal: AbortSignal.timeout(60_000) })).toBe(2);
  const { rows } = await probe.admin.query('select tenant_id, key from idempotency_keys');
  expect(rows).toEqual([{ tenant_id: tenantA, key: 'key-2' }]);
});
