import { expect } from 'vitest';
import { outcome, signIn } from './caller.ts';
import { hire, newAccount, openCompany, register, tryToRegister } from './company.ts';
import { mailedTokens, type Place } from './place.ts';

const accept = '/api/v1/auth/invitations/accept';

/** Auth §8.11: a link works once, for the address it was mailed to, and as long as nobody takes it back. */
export async function expectInvitationsToCountOnce(place: Place): Promise<void> {
  const company = await openCompany(place);
  const { owner } = company;
  const path = `/api/v1/auth/organizations/${company.organizationId}/invitations`;
  const account = newAccount(company);
  const { id } = await owner.auth.make(path, { email: account.email, role: 'member' });
  const [first] = await mailedTokens(place, account.email);
  expect((await owner.auth.post(`${path}/${id}/resend`)).status).toBe(200);
  const [, second] = await mailedTokens(place, account.email, 2);
  expect(outcome(await tryToRegister(place, account, first!))).toEqual([403, 'SIGNUP_CLOSED']);
  expect(outcome(await tryToRegister(place, newAccount(company), second!))).toEqual([403, 'SIGNUP_CLOSED']);
  await register(place, account, second!);
  expect(outcome(await tryToRegister(place, account, second!))).toEqual([403, 'SIGNUP_CLOSED']);
  const joined = await signIn(place, account);
  expect((await joined.auth.get('/api/v1/auth/me')).body.data).toMatchObject({
    tenant: { id: company.id },
    roles: ['member'],
  });

  const unwanted = newAccount(company);
  const { id: canceled } = await owner.auth.make(path, { email: unwanted.email });
  const [link] = await mailedTokens(place, unwanted.email);
  expect((await owner.auth.delete(`${path}/${canceled}`)).status).toBe(204);
  expect(outcome(await tryToRegister(place, unwanted, link!))).toEqual([403, 'SIGNUP_CLOSED']);
}

/** Who has an account answers signed in; nobody answers for others, and nobody invites to more than he holds. */
export async function expectInvitationsToBePersonal(place: Place): Promise<void> {
  const [home, other] = [await openCompany(place), await openCompany(place)];
  const [person, neighbour] = [await hire(place, home, 'member'), await hire(place, home, 'tenant-admin')];
  await other.owner.auth.make('/api/v1/users', { email: person.account.email, role: 'member' });
  const token = (await mailedTokens(place, person.account.email, 2)).at(-1);
  expect(outcome(await neighbour.auth.post(accept, { token }))).toEqual([404, 'NOT_FOUND']);
  expect((await person.auth.post('/api/v1/auth/invitations/decline', { token })).status).toBe(204);
  expect(outcome(await person.auth.post(accept, { token }))).toEqual([404, 'NOT_FOUND']);
  const path = `/api/v1/auth/organizations/${other.organizationId}/invitations?state=declined`;
  expect((await other.owner.auth.get(path)).body.data).toMatchObject([{ email: person.account.email }]);
  const above = await neighbour.auth.post('/api/v1/users', { email: 'x@example.com', role: 'tenant-owner' });
  expect(outcome(above)).toEqual([403, 'SCOPE_ESCALATION']);
}
