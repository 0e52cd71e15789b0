import { afterAll, beforeAll, expect, test } from 'vitest';
import { outcome } from '../support/administration.ts';
import { makeTenant, signIn, type Person, type TestTenant } from '../support/people.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';
import { makeServiceToken } from '../support/service-token.ts';

const path = '/internal/v1/sessions/validate';

let auth: RunningAuth;
let a: TestTenant;
let serviceToken: string;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
  serviceToken = await makeServiceToken(auth);
});
afterAll(() => auth?.[Symbol.asyncDispose]());

const validate = (token: string, caller: string | undefined = serviceToken) =>
  auth.request('POST', path, { ...(caller !== undefined && { token: caller }), body: { token } });
const refused = [401, 'INVALID_TOKEN'];

/** Nothing of the process is told: what the database says must be enough. */
const statement = (text: string, person: Person) => auth.sql.query(text, [person.id]);

test('a token is worth the person it was made for', async () => {
  const { accessToken, sessionId } = await signIn(auth, a.member);
  const answer = await validate(accessToken);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.body.data).toMatchObject({ type: 'user', id: a.member.id, tenantId: a.id, sessionId, amr: ['pwd'] });
  expect(answer.text).not.toContain(accessToken);
});

test('only services of the platform ask', async () => {
  const { accessToken } = await signIn(auth, a.member);
  expect((await auth.request('POST', path, { body: { token: accessToken } })).status).toBe(401);
  expect((await validate(accessToken, accessToken)).status).toBe(401);
});

test('what is no token of a person is refused', async () => {
  const { accessToken } = await signIn(auth, a.member);
  const [header, payload, signature] = accessToken.split('.');
  const other = (await signIn(auth, a.member)).accessToken.split('.')[1];
  for (const token of ['x', serviceToken, `${header}.${other}.${signature}`, `${header}.${payload}.`]) {
    expect(outcome(await validate(token))).toEqual(refused);
  }
});

test.each([
  ['its session', 'update auth.sessions set revoked_at = now(), revoked_reason = $$admin$$ where user_id = $1'],
  ['its account', 'update auth.users set status = $$disabled$$ where id = $1'],
  ['the epoch of the account', 'update auth.users set token_epoch = token_epoch + 1 where id = $1'],
  ['its membership', 'update auth.memberships set status = $$suspended$$ where user_id = $1'],
])('with %s the token ends at once', async (what, text) => {
  const tenant = await makeTenant(auth, `t-${what.replaceAll(' ', '-')}`);
  const { accessToken } = await signIn(auth, tenant.member);
  expect((await validate(accessToken)).status).toBe(200);
  await statement(text, tenant.member);
  expect(outcome(await validate(accessToken))).toEqual(refused);
});
