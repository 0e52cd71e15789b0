import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { audits } from '../support/auth-database.ts';
import { makeTenant, signIn, type TestTenant } from '../support/people.ts';
import { eventsOfType } from '../support/published-events.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

let auth: RunningAuth;
let a: TestTenant;
let b: TestTenant;
let admin: string;

beforeAll(async () => {
  auth = await startAuth();
  [a, b] = [await makeTenant(auth, 'acme'), await makeTenant(auth, 'bolt')];
  admin = (await signIn(auth, a.admin)).accessToken;
});
afterAll(() => auth?.[Symbol.asyncDispose]());
beforeEach(() => auth.setClock());

const accounts = '/api/v1/auth/service-accounts';
const call = (method: string, path: string, token: string, body?: unknown) =>
  auth.request(method, path, { token, ...(body !== undefined && { body }) });
const make = (name: string, scope: object = { type: 'tenant', id: a.id }) =>
  call('POST', accounts, admin, { name, scope });
const whoami = (key: string) => call('GET', '/api/v1/auth/whoami', key);

async function makeKey(accountId: string): Promise<string> {
  const expiresAt = new Date(auth.clock().getTime() + 86_400_000).toISOString();
  const answer = await call('POST', `${accounts}/${accountId}/api-keys`, admin, {
    name: 'ci',
    scopes: ['*'],
    expiresAt,
  });
  expect(answer.status, answer.text).toBe(201);
  return answer.body.data.key;
}

test('a service account is made, listed and read, with its event and audit row', async () => {
  const answer = await make('deployer');
  expect(answer.status).toBe(201);
  const { id } = answer.body.data as { id: string };
  expect(answer.headers.location).toBe(`${accounts}/${id}`);
  const list = await call('GET', accounts, admin);
  expect(list.body.data.map((one: { id: string }) => one.id)).toContain(id);
  const read = await call('GET', `${accounts}/${id}`, admin);
  expect(read.body.data).toMatchObject({ name: 'deployer', scope: { type: 'tenant', id: a.id } });
  expect(await audits(auth, { action: 'auth:service-account:create', resourceId: id })).toHaveLength(1);
  const events = await eventsOfType(auth.sql, 'idp.auth.v1.ServiceAccountCreated');
  expect(events.map(({ data }) => data.serviceAccountId)).toContain(id);
});

test('a service account is renamed where it was read, and told', async () => {
  const made = await make('old-name');
  const path = `${accounts}/${made.body.data.id}`;
  const tag = String((await call('GET', path, admin)).headers['etag']);
  const patch = (body: unknown, headers = {}) => auth.request('PATCH', path, { token: admin, body, headers });
  const renamed = await patch({ name: 'new-name', description: 'deploys' }, { 'if-match': tag });
  expect(renamed.body.data).toMatchObject({ name: 'new-name', description: 'deploys', scope: { id: a.id } });
  expect((await patch({ name: 'late' }, { 'if-match': tag })).status).toBe(412);
  await make('present');
  expect((await patch({ name: 'Present' })).status).toBe(409);
  expect((await patch({ scope: { type: 'tenant', id: a.id } })).status).toBe(400);
  const told = (await eventsOfType(auth.sql, 'idp.auth.v1.ServiceAccountUpdated')).map(({ data }) => data.name);
  expect(told).toEqual(['new-name']);
  const foreign = (await signIn(auth, b.owner)).accessToken;
  expect((await call('PATCH', path, foreign, { name: 'mine' })).status).toBe(404);
});

test('its name is taken in its tenant, whatever its case, and its scope must exist there', async () => {
  expect((await make('Robot')).status).toBe(201);
  expect((await make('robot')).status).toBe(409);
  expect((await make('other', { type: 'tenant', id: b.id })).body.error.code).toBe('REFERENCE_INVALID');
  expect((await make('other', { type: 'team', id: b.id })).body.error.code).toBe('REFERENCE_INVALID');
  expect((await make('other', { type: 'planet', id: a.id })).status).toBe(400);
});

test('its key acts as the account, with the roles bound to it and no others', async () => {
  const { id } = (await make('reader')).body.data;
  const key = await makeKey(id);
  expect(key).toMatch(/^idp_svc_/);
  const before = await whoami(key);
  expect(before.body.data).toMatchObject({ principal: { type: 'service', id }, tenant: { id: a.id }, roles: [] });
  expect((await call('GET', '/api/v1/teams', key)).status).toBe(403);
  const granted = await call('POST', '/api/v1/auth/role-bindings', admin, {
    principalType: 'service-account',
    principalId: id,
    roleId: 'viewer',
    scopeType: 'tenant',
  });
  expect(granted.status, granted.text).toBe(201);
  expect((await whoami(key)).body.data.roles).toEqual(['viewer']);
  expect((await call('GET', '/api/v1/teams', key)).status).toBe(200);
});

test('nobody gets a credential of an account that may do more than they may', async () => {
  const { id } = (await make('powerful')).body.data;
  const owner = (await signIn(auth, a.owner)).accessToken;
  const before = await makeKey(id);
  const list = (await call('GET', `/api/v1/api-keys?ownerId=${id}`, admin)).body.data as { id: string }[];
  const grant = { principalType: 'service-account', principalId: id, roleId: 'tenant-owner', scopeType: 'tenant' };
  expect((await call('POST', '/api/v1/auth/role-bindings', owner, grant)).status).toBe(201);
  const expiresAt = new Date(auth.clock().getTime() + 86_400_000).toISOString();
  const key = (token: string, scopes: string[]) =>
    call('POST', `${accounts}/${id}/api-keys`, token, { name: 'more', scopes, expiresAt });
  const rotate = (token: string) => call('POST', `/api/v1/api-keys/${list[0]!.id}/rotate`, token, {});
  const prove = (token: string) => call('PUT', `${accounts}/${id}/jwks`, token, { keys: [] });
  for (const refused of [
    await key(admin, ['*']),
    await key(admin, ['auth:*']),
    await rotate(admin),
    await prove(admin),
  ]) {
    expect([refused.status, refused.body.error.code]).toEqual([403, 'SCOPE_ESCALATION']);
  }
  expect((await whoami(before)).status).toBe(200);
  expect((await key(admin, ['auth:team:read'])).status).toBe(201);
  expect((await key(owner, ['*'])).status).toBe(201);
  expect([(await rotate(owner)).status, (await prove(owner)).status]).toEqual([200, 200]);
});

test('its public keys are replaced as a whole, and nothing private is taken', async () => {
  const { id } = (await make('prover')).body.data;
  const path = `${accounts}/${id}`;
  const put = (body: unknown, headers = {}) => auth.request('PUT', `${path}/jwks`, { token: admin, body, headers });
  const pair = (curve: 'ed25519' | 'P-256', kid: string) => {
    const { publicKey, privateKey } =
      curve === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwkOf = (key: KeyObject) => ({ ...key.export({ format: 'jwk' }), kid });
    return { open: jwkOf(publicKey), secret: jwkOf(privateKey) };
  };
  const [ed, ec] = [pair('ed25519', 'one'), pair('P-256', 'two')];
  const tag = String((await call('GET', path, admin)).headers['etag']);
  const answer = await put({ keys: [ed.open, ec.open] }, { 'if-match': tag });
  expect(answer.body.data.keys).toEqual([ed.open, ec.open]);
  expect((await put({ keys: [ed.open] }, { 'if-match': tag })).status).toBe(412);
  for (const keys of [
    [ed.secret],
    [ed.open, { ...ec.open, kid: 'one' }],
    [{ ...ec.open, y: ec.open.x }],
    [{ ...ed.open, crv: 'X25519' }],
    [{ ...ed.open, kid: undefined }],
    [{ kty: 'RSA', n: 'x'.repeat(342), e: 'AQAB', kid: 'r' }],
    [{ kty: 'oct', k: 'c2VjcmV0', kid: 'o' }],
  ]) {
    expect((await put({ keys })).status, JSON.stringify(keys)).toBe(400);
  }
  expect((await call('GET', path, admin)).body.data.keys).toEqual([ed.open, ec.open]);
  expect((await put({ keys: [] })).body.data.keys).toEqual([]);
  expect(await audits(auth, { action: 'auth:service-account:set-keys', resourceId: id })).toHaveLength(2);
  const told = await eventsOfType(auth.sql, 'idp.auth.v1.ServiceAccountUpdated');
  expect(told.filter(({ data }) => data.serviceAccountId === id)).toHaveLength(2);
  const foreign = (await signIn(auth, b.owner)).accessToken;
  expect((await call('PUT', `${path}/jwks`, foreign, { keys: [] })).status).toBe(404);
});

test('with the account its keys end at once', async () => {
  const { id } = (await make('short-lived')).body.data;
  const key = await makeKey(id);
  expect((await whoami(key)).status).toBe(200);
  expect((await call('DELETE', `${accounts}/${id}`, admin)).status).toBe(204);
  await expect.poll(async () => (await whoami(key)).status).toBe(401);
  expect((await call('DELETE', `${accounts}/${id}`, admin)).status).toBe(404);
  expect((await make('short-lived')).status).toBe(201);
});

test('members make none, and another tenant’s is as none', async () => {
  const member = (await signIn(auth, a.member)).accessToken;
  const foreign = (await signIn(auth, b.owner)).accessToken;
  expect((await call('GET', accounts, member)).status).toBe(403);
  const { id } = (await make('walled')).body.data;
  expect((await call('GET', `${accounts}/${id}`, foreign)).status).toBe(404);
  expect((await call('DELETE', `${accounts}/${id}`, foreign)).status).toBe(404);
});
