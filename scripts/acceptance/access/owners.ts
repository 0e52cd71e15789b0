import { expect } from 'vitest';
import { callerWith, outcome, signIn, statusAtCatalog, type Person } from './caller.ts';
import { hire, openCompany, register } from './company.ts';
import { mailedTokens, patient, type Place } from './place.ts';

const users = '/api/v1/users';

/** Auth §8.11: of two owners who demote each other at one moment one stays, and the last one cannot go. */
export async function expectAnOwnerToStay(place: Place): Promise<void> {
  const company = await openCompany(place);
  const pair: [Person, Person] = [company.owner, await hire(place, company, 'tenant-owner')];
  const demote = (by: Person, whom: Person) => by.auth.patch(`${users}/${whom.id}`, { role: 'member' });
  for (let round = 0; round < 5; round += 1) {
    const answers = await Promise.all([demote(...pair), demote(pair[1], pair[0])]);
    const winner = answers.findIndex(({ status }) => status === 200);
    expect(winner, answers.map(({ text }) => text).join()).not.toBe(-1);
    // Whoever comes second is no owner any more, or finds that he is the last one.
    expect([409, 403]).toContain(answers[1 - winner]!.status);
    const owners = await pair[winner]!.auth.get(`${users}?role=tenant-owner`);
    expect(owners.body.data.map(({ id }: { id: string }) => id)).toEqual([pair[winner]!.id]);
    const back = await pair[winner]!.auth.patch(`${users}/${pair[1 - winner]!.id}`, { role: 'tenant-owner' });
    expect(back.status, back.text).toBe(200);
  }
  const [last, other] = pair;
  expect((await demote(last, other)).status).toBe(200);
  for (const answer of [
    await demote(last, last),
    await last.auth.delete(`${users}/${last.id}`),
    await last.auth.post(`${users}/${last.id}/suspend`, { reason: 'tired' }),
  ]) {
    expect(outcome(answer)).toEqual([409, 'LAST_OWNER']);
  }
}

/** Auth §8.11: with the membership ends all that hung on it, the account stays, and coming back brings nothing back. */
export async function expectRemovalToBeWhole(place: Place): Promise<void> {
  const company = await openCompany(place);
  const { owner } = company;
  const leaver = await hire(place, company, 'member');
  const { id: team } = await owner.auth.make('/api/v1/teams', { name: 'Web' });
  await owner.auth.put(`/api/v1/teams/${team}/members/${leaver.id}`, { role: 'maintainer' });
  const grant = { roleId: 'tenant-admin', scopeType: 'team', scopeId: team };
  await owner.auth.make(`${users}/${leaver.id}/roles`, grant);
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const made = await leaver.auth.make('/api/v1/api-keys', { name: 'ci', scopes: ['catalog:*'], expiresAt });
  const program = callerWith(place, made.key);
  await expect.poll(() => statusAtCatalog(leaver), patient).toBe(200);
  expect(await statusAtCatalog(program)).toBe(200);

  expect((await owner.auth.delete(`${users}/${leaver.id}`)).status).toBe(204);
  await expect.poll(() => statusAtCatalog(leaver), patient).toBe(401);
  await expect.poll(() => statusAtCatalog(program), patient).toBe(401);
  expect((await owner.auth.get(`/api/v1/teams/${team}/members`)).body.data).toEqual([]);
  const bindings = () => owner.auth.get(`/api/v1/auth/role-bindings?principalId=${leaver.id}`);
  expect((await bindings()).body.data).toEqual([]);

  await owner.auth.make(users, { email: leaver.account.email, role: 'viewer' });
  await register(place, leaver.account, (await mailedTokens(place, leaver.account.email, 2)).at(-1)!);
  const back = await signIn(place, leaver.account);
  expect(back.id).toBe(leaver.id);
  const roles = (await bindings()).body.data.map(({ roleId }: { roleId: string }) => roleId);
  expect(new Set(roles)).toEqual(new Set(['viewer']));
  expect((await owner.auth.get(`/api/v1/teams/${team}/members`)).body.data).toEqual([]);
  expect(await statusAtCatalog(program)).toBe(401);
}
