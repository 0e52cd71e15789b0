import { expect } from 'vitest';
import { callerWith, signIn, statusAtCatalog, type Caller } from './caller.ts';
import { hire, hireGuest, openCompany } from './company.ts';
import { patient, type Place } from './place.ts';

async function expectServed(caller: Caller): Promise<void> {
  await expect.poll(() => statusAtCatalog(caller), patient).toBe(200);
}

async function expectRefused(caller: Caller, status: number): Promise<void> {
  await expect.poll(() => statusAtCatalog(caller), patient).toBe(status);
}

/** Auth §8.15: what is taken away is refused by a process that was not asked; everybody else goes on. */
export async function expectRevocationsToArrive(place: Place): Promise<void> {
  const company = await openCompany(place);
  const { owner } = company;

  const guest = await hireGuest(place, company);
  const { id: binding } = await owner.auth.make(`/api/v1/users/${guest.id}/roles`, { roleId: 'viewer' });
  await expectServed(guest);
  expect((await owner.auth.delete(`/api/v1/auth/role-bindings/${binding}`)).status).toBe(204);
  await expectRefused(guest, 403);

  const member = await hire(place, company, 'member');
  await expectServed(member);
  expect((await owner.auth.post(`/api/v1/users/${member.id}/suspend`, { reason: 'on leave' })).status).toBe(200);
  await expectRefused(member, 401);
  expect((await owner.auth.post(`/api/v1/users/${member.id}/resume`, {})).status).toBe(200);
  await expectServed(await signIn(place, member.account));

  const [first, second] = [await signIn(place, owner.account), await signIn(place, owner.account)];
  await expectServed(second);
  expect((await first.auth.delete(`/api/v1/users/${owner.id}/sessions`)).status).toBe(204);
  await expectRefused(first, 401);
  await expectRefused(second, 401);

  const again = await signIn(place, owner.account);
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const made = await again.auth.make('/api/v1/api-keys', { name: 'ci', scopes: ['catalog:*'], expiresAt });
  const program = callerWith(place, made.key);
  await expectServed(program);
  expect((await again.auth.delete(`/api/v1/api-keys/${made.id}`)).status).toBe(204);
  await expectRefused(program, 401);
  await expectServed(again);

  const operator = await signIn(place, place.operator);
  const path = `/api/v1/auth/tenants/${company.id}/suspend`;
  expect((await operator.auth.post(path, { reason: 'unpaid' })).status).toBe(200);
  await expectRefused(again, 403);
}
