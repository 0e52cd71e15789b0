import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { parseApiKey, readServiceKey, remotePorts } from '@idp/auth';
import { createCredentialVerifier } from '@idp/auth';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { audits } from '../support/auth-database.ts';
import { makeTenant, signIn, type TestTenant } from '../support/people.ts';
import { eventsOfType } from '../support/published-events.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

let auth: RunningAuth;
let a: TestTenant;
let b: TestTenant;
let directory: string;
let privateJwk: string;
let tokens: Record<'owner' | 'admin' | 'member' | 'foreign', string>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-service-keys-'));
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  privateJwk = JSON.stringify({ ...(await exportJWK(pair.privateKey)), kid: 'catalog-1' });
  const file = join(directory, 'keys.json');
  await writeFile(file, JSON.stringify({ catalog: [{ ...(await exportJWK(pair.publicKey)), kid: 'catalog-1' }] }));
  auth = await startAuth({ env: { SERVICE_KEYS_FILE: file } });
  [a, b] = [await makeTenant(auth, 'acme'), await makeTenant(auth, 'bolt')];
  tokens = {
    owner: (await signIn(auth, a.owner)).accessToken,
    admin: (await signIn(auth, a.admin)).accessToken,
    member: (await signIn(auth, a.member)).accessToken,
    foreign: (await signIn(auth, b.owner)).accessToken,
  };
});
afterAll(async () => {
  await auth?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});
beforeEach(() => auth.setClock());

const keys = '/api/v1/api-keys';
const day = 86_400_000;
const inDays = (days: number) => new Date(auth.clock().getTime() + days * day).toISOString();
const bodyOf = (changes: object = {}) => ({ name: 'ci', scopes: ['*'], expiresAt: inDays(30), ...changes });
const post = (path: string, token: string, body: unknown, headers: Record<string, string> = {}) =>
  auth.request('POST', path, { token, body, headers });
const whoami = (token: string) => auth.request('GET', '/api/v1/auth/whoami', { token });

async function makeKey(token = tokens.member, changes: object = {}): Promise<{ id: string; key: string }> {
  const answer = await post(keys, token, bodyOf(changes));
  expect(answer.status, answer.text).toBe(201);
  return answer.body.data;
}

test('a key with a limit of its own is held to it, and no other key is', async () => {
  const ratePolicy = { limit: 3, periodSeconds: 86_400, burst: 3 };
  const [limited, free] = [await makeKey(tokens.member, { ratePolicy }), await makeKey()];
  const answers = [];
  for (let count = 0; count < 4; count += 1) answers.push(await whoami(limited.key));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  expect(answers[3]!.body.error.code).toBe('RATE_LIMIT_EXCEEDED');
  expect(Number(answers[3]!.headers['retry-after'])).toBeGreaterThan(0);
  expect((await whoami(free.key)).status).toBe(200);
  const never = bodyOf({ ratePolicy: { limit: 1, periodSeconds: 86_400, burst: 1_000_000 } });
  expect((await post(keys, tokens.member, never)).status).toBe(400);
});

test('reports of leaks are limited by network', async () => {
  const limited = await startAuth({ database: auth.database, trustedProxies: ['127.0.0.1/32'] });
  try {
    const report = (address: string) =>
      limited.request('POST', `${keys}/report-leak`, {
        body: { token: 'nothing' },
        headers: { 'x-forwarded-for': address },
      });
    const answers = await Promise.all(Array.from({ length: 90 }, () => report('192.0.2.9')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(90 - refused.length);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThanOrEqual(30);
    expect(Number(refused[0]!.headers['retry-after'])).toBeGreaterThan(0);
    expect((await report('198.51.100.9')).status).toBe(202);
  } finally {
    await limited[Symbol.asyncDispose]();
  }
});

describe('a new key', () => {
  test('is shown once, kept as a hash, and acts as its owner', async () => {
    const answer = await post(keys, tokens.member, bodyOf({ scopes: ['auth:team:read'] }));
    expect(answer.status).toBe(201);
    const { id, key } = answer.body.data as { id: string; key: string };
    expect(parseApiKey(key)).toMatchObject({ kind: 'key' });
    expect(answer.headers.location).toBe(`${keys}/${id}`);
    const { rows } = await auth.sql.query('select k::text as row from auth.api_keys k where id = $1', [id]);
    expect(rows[0].row).not.toContain(parseApiKey(key)!.secret);
    const who = await whoami(key);
    expect(who.body.data).toMatchObject({
      principal: { type: 'user', id: a.member.id, actor: `key:${id}` },
      tenant: { id: a.id },
      roles: ['member'],
      scopes: ['auth:team:read'],
      keyId: id,
    });
    const shown = await auth.request('GET', `${keys}/${id}`, { token: tokens.member });
    expect(shown.text).not.toContain(key);
    expect(await audits(auth, { action: 'auth:api-key:create', resourceId: id })).toHaveLength(1);
    const events = await eventsOfType(auth.sql, 'idp.auth.v1.ApiKeyCreated');
    expect(events.find(({ data }) => data.keyId === id)?.data).toMatchObject({ ownerId: a.member.id });
  });

  test.each(['k-1', "a'||pg_sleep(10)||'~{}"])(
    'is made once for Idempotency-Key %s, and shown again',
    async (requestKey) => {
      const body = bodyOf({ name: 'once' });
      const [first, second] = [
        await post(keys, tokens.member, body, { 'idempotency-key': requestKey }),
        await post(keys, tokens.member, body, { 'idempotency-key': requestKey }),
      ];
      expect(second.body).toEqual(first.body);
      expect(second.headers['idempotency-replayed']).toBe('true');
      const { rows } = await auth.sql.query('select body from auth.idempotency_keys where key = $1', [requestKey]);
      expect(rows[0].body).not.toContain(first.body.data.key);
    },
  );

  test.each([
    ['no end', { expiresAt: undefined }],
    ['an end in the past', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['an end in ten years', { expiresAt: '2036-01-01T00:00:00Z' }],
    ['a scope that is none', { scopes: ['catalog'] }],
    ['an address that is none', { ipAllow: ['300.1.1.1'] }],
    ['a range that is none', { ipAllow: ['192.0.2.0/33'] }],
    ['a further member', { owner: 'x' }],
  ])('with %s is 400', async (_name, changes) => {
    expect((await post(keys, tokens.member, bodyOf(changes))).status).toBe(400);
  });

  test('holds nothing that its maker does not hold', async () => {
    const wide = await post(keys, tokens.member, bodyOf({ scopes: ['auth:api-key:manage'] }));
    expect([wide.status, wide.body.error.code]).toEqual([403, 'SCOPE_ESCALATION']);
    expect(wide.body.error.details).toEqual({ permission: 'auth:api-key:manage' });
    const unknown = await post(keys, tokens.owner, bodyOf({ scopes: ['auth:dragon:tame'] }));
    expect([unknown.status, unknown.body.error.code]).toEqual([422, 'UNKNOWN_PERMISSION']);
  });

  test('made by a key is no wider than that one', async () => {
    const { key } = await makeKey(tokens.owner, { scopes: ['auth:team:*'], expiresAt: inDays(2) });
    const code = async (changes: object) =>
      (await post(keys, key, bodyOf({ expiresAt: inDays(1), ...changes }))).status;
    expect(await code({ scopes: ['*'] })).toBe(403);
    expect(await code({ scopes: ['auth:team:read'], expiresAt: inDays(3) })).toBe(403);
    expect(await code({ scopes: ['auth:team:read'] })).toBe(201);
  });
});

describe('a key in use', () => {
  test('does no more than its scopes', async () => {
    const { key } = await makeKey(tokens.admin, { scopes: ['auth:team:read'] });
    const list = (path: string) => auth.request('GET', path, { token: key });
    expect((await list('/api/v1/users/0192d6a0-0000-7000-8000-000000000099/sessions')).body.error.code).toBe(
      'INSUFFICIENT_SCOPE',
    );
  });

  test('is no person: sessions, passwords and other keys’ secrets are not for it', async () => {
    const { id, key } = await makeKey();
    const own = '/api/v1/auth/sessions';
    const requests: [method: string, path: string, body?: object][] = [
      ['GET', own],
      ['DELETE', own],
      ['DELETE', `${own}/${id}`],
      ['POST', '/api/v1/auth/reauthenticate', { password: a.member.password }],
      ['POST', '/api/v1/auth/password/change', { current: a.member.password, next: 'a longer sentence than before' }],
      ['POST', `${keys}/${id}/rotate`, {}],
      ['PATCH', `${keys}/${id}`, { name: 'mine' }],
    ];
    for (const [method, path, body] of requests) {
      const answer = await auth.request(method, path, { token: key, ...(body !== undefined && { body }) });
      expect([path, answer.status, answer.body?.error?.code]).toEqual([path, 403, 'PERMISSION_DENIED']);
    }
  });

  test('ends with its time and with the membership of its owner', async () => {
    const { key } = await makeKey(tokens.member, { expiresAt: inDays(1) });
    expect((await whoami(key)).status).toBe(200);
    auth.setClock(day);
    expect((await whoami(key)).body.error.code).toBe('INVALID_API_KEY');
    auth.setClock();
    const viewer = (await signIn(auth, a.viewer)).accessToken;
    const other = await makeKey(viewer);
    await auth.sql.query("update auth.memberships set status = 'suspended' where user_id = $1", [a.viewer.id]);
    expect((await whoami(other.key)).body.error.code).toBe('INVALID_API_KEY');
  });

  test('is bound to addresses, whatever its headers say', async () => {
    const { key } = await makeKey(tokens.member, { ipAllow: ['203.0.113.9'] });
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9', forwarded: 'for=203.0.113.9' };
    const answer = await auth.request('GET', '/api/v1/auth/whoami', { token: key, headers });
    expect(answer.body.error.code).toBe('INVALID_API_KEY');
    const near = await makeKey(tokens.member, { ipAllow: ['127.0.0.0/8', '::1/128'] });
    expect((await whoami(near.key)).status).toBe(200);
  });
});

describe('a key is', () => {
  test('narrowed, never widened, against the version that was read', async () => {
    const { id } = await makeKey(tokens.owner, { scopes: ['auth:team:*', 'auth:user:read'] });
    const patch = (body: object, headers: Record<string, string> = {}) =>
      auth.request('PATCH', `${keys}/${id}`, { token: tokens.owner, body, headers });
    expect((await patch({ scopes: ['auth:team:read'] }, { 'if-match': '"9"' })).status).toBe(412);
    const narrowed = await patch({ scopes: ['auth:team:read'], name: 'narrow' }, { 'if-match': '"1"' });
    expect([narrowed.status, narrowed.headers.etag]).toEqual([200, '"2"']);
    expect((await patch({ scopes: ['auth:team:*'] })).body.error.code).toBe('SCOPE_ESCALATION');
  });

  test('rotated: both secrets until the overlap ends, then the new one', async () => {
    const { id, key } = await makeKey();
    const rotate = (body: object) => post(`${keys}/${id}/rotate`, tokens.member, body);
    expect((await rotate({ overlapSeconds: 1_000_000_000 })).status).toBe(400);
    const answer = await rotate({ overlapSeconds: 60 });
    const next = answer.body.data.key as string;
    expect([(await whoami(key)).status, (await whoami(next)).status]).toEqual([200, 200]);
    auth.setClock(59_000);
    expect((await whoami(key)).status).toBe(200);
    auth.setClock(61_000);
    expect([(await whoami(key)).status, (await whoami(next)).status]).toEqual([401, 200]);
  });

  test('given a new secret by its owner alone, whoever manages keys', async () => {
    const { id, key } = await makeKey(tokens.owner, { scopes: ['*'] });
    const rotate = (token: string) => post(`${keys}/${id}/rotate`, token, { overlapSeconds: 0 });
    const refused = await rotate(tokens.admin);
    expect([refused.status, refused.body.error.code]).toEqual([403, 'PERMISSION_DENIED']);
    expect((await rotate(tokens.member)).status).toBe(404);
    expect((await whoami(key)).status).toBe(200);
    expect((await rotate(tokens.owner)).status).toBe(200);
  });

  test('ended by its owner or who manages keys, at once, and by nobody else', async () => {
    const [own, managed] = [await makeKey(), await makeKey()];
    const remove = (id: string, token: string) => auth.request('DELETE', `${keys}/${id}`, { token });
    expect((await whoami(own.key)).status).toBe(200);
    expect((await remove(own.id, tokens.foreign)).status).toBe(404);
    expect((await remove(own.id, tokens.member)).status).toBe(204);
    await expect.poll(async () => (await whoami(own.key)).status).toBe(401);
    expect((await remove(own.id, tokens.member)).status).toBe(404);
    expect((await remove(managed.id, tokens.admin)).status).toBe(204);
    expect((await eventsOfType(auth.sql, 'idp.auth.v1.ApiKeyRevoked')).map(({ data }) => data.reason)).toEqual(
      expect.arrayContaining(['user', 'admin']),
    );
  });

  test('ended when it is reported, and the answer says nothing', async () => {
    const { id, key } = await makeKey();
    const report = (token: string) => auth.request('POST', `${keys}/report-leak`, { body: { token } });
    const wrong = await report(`${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`);
    expect((await whoami(key)).status).toBe(200);
    const right = await report(key);
    expect([right.status, right.body.data]).toEqual([wrong.status, wrong.body.data]);
    expect(right.status).toBe(202);
    await expect.poll(async () => (await whoami(key)).status).toBe(401);
    const leaked = await eventsOfType(auth.sql, 'idp.auth.v1.ApiKeyLeaked');
    expect(leaked.map(({ data }) => data.keyId)).toContain(id);
  });

  test('seen by its owner, by who manages keys, and in no other tenant', async () => {
    const { id } = await makeKey();
    const ids = async (token: string) =>
      (await auth.request('GET', `${keys}?limit=100`, { token })).body.data.map((key: { id: string }) => key.id);
    expect(await ids(tokens.member)).toContain(id);
    expect(await ids(tokens.admin)).toContain(id);
    expect(await ids(tokens.foreign)).not.toContain(id);
    expect((await auth.request('GET', `${keys}/${id}`, { token: tokens.foreign })).status).toBe(404);
    const mine = await makeKey(tokens.owner);
    expect((await auth.request('GET', `${keys}/${mine.id}`, { token: tokens.member })).status).toBe(404);
  });
});

describe('another service', () => {
  const verifierOf = async () => {
    const remote = remotePorts({ authUrl: auth.url, serviceKey: await readServiceKey('catalog', privateJwk) });
    const ports = { ...remote, access: auth.service.ports!.access };
    const audience = `${auth.publicUrl}/api`;
    return createCredentialVerifier({ issuer: auth.publicUrl, audience, ports, clock: auth.clock });
  };

  test('verifies a key over HTTP and tells its uses', async () => {
    const { id, key } = await makeKey();
    const verifier = await verifierOf();
    const principal = await verifier.verify(key, { ip: '192.0.2.7' });
    expect(principal).toMatchObject({ id: a.member.id, tenantId: a.id, keyId: id });
    await verifier.verify(key, { ip: '192.0.2.7' });
    await verifier.reportUses();
    const usage = await auth.request('GET', `${keys}/${id}/usage`, { token: tokens.member });
    expect(usage.body.data).toMatchObject({ lastUsedIp: '192.0.2.7', days: [{ requests: 2 }] });
  });

  test('is refused without a key that auth knows', async () => {
    const { key } = await makeKey();
    const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
    const jwk = JSON.stringify({ ...(await exportJWK(pair.privateKey)), kid: 'catalog-1' });
    const ports = remotePorts({ authUrl: auth.url, serviceKey: await readServiceKey('catalog', jwk) });
    await expect(ports.apiKeys.verify({ kid: '00000000', secretHash: 'x' })).rejects.toMatchObject({ status: 503 });
    const parsed = parseApiKey(key)!;
    const asked = await post('/internal/v1/api-keys/verify', tokens.owner, {
      kid: parsed.kid,
      secretHash: 'x'.repeat(43),
    });
    expect(asked.status).toBe(401);
  });
});
