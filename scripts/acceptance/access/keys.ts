import { expect } from 'vitest';
import { callerWith, outcome, send, statusAtCatalog, type Person } from './caller.ts';
import { hire, openCompany } from './company.ts';
import { patient, type Place } from './place.ts';

const path = '/api/v1/api-keys';
const services = '/api/v1/services';
const serviceOf = (name: string) => ({ name, ownerRef: 'group:default/web' });

async function makeKey(person: Person, scopes: string[]): Promise<{ id: string; key: string }> {
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  return person.auth.make(path, { name: 'ci', scopes, expiresAt });
}

/** Auth §8.8 */
export async function expectKeyToLiveAndEnd(place: Place): Promise<void> {
  const { owner } = await openCompany(place);
  const { id, key } = await makeKey(owner, ['catalog:service:*']);
  const first = callerWith(place, key);
  expect(await statusAtCatalog(first)).toBe(200);
  expect((await first.catalog.post(services, serviceOf('made-by-key'))).status).toBe(201);
  expect(outcome(await first.auth.get('/api/v1/teams'))).toEqual([403, 'INSUFFICIENT_SCOPE']);

  const at = key.length - 20;
  const altered = `${key.slice(0, at)}${key[at] === 'a' ? 'b' : 'a'}${key.slice(at + 1)}`;
  const wrong = callerWith(place, altered);
  expect(outcome(await wrong.catalog.get(services))).toEqual([401, 'INVALID_API_KEY']);
  expect(outcome(await wrong.auth.get('/api/v1/teams'))).toEqual([401, 'INVALID_API_KEY']);

  expect((await owner.auth.patch(`${path}/${id}`, { scopes: ['catalog:service:read'] })).status).toBe(200);
  const write = async () => outcome(await first.catalog.post(services, serviceOf('made-by-key')));
  await expect.poll(write, patient).toEqual([403, 'INSUFFICIENT_SCOPE']);
  const wider = await owner.auth.patch(`${path}/${id}`, { scopes: ['catalog:service:*'] });
  expect(outcome(wider)).toEqual([403, 'SCOPE_ESCALATION']);

  const rotate = async (overlapSeconds: number) =>
    callerWith(place, (await owner.auth.post(`${path}/${id}/rotate`, { overlapSeconds })).body.data.key);
  const second = await rotate(600);
  expect([await statusAtCatalog(first), await statusAtCatalog(second)]).toEqual([200, 200]);
  const third = await rotate(0);
  await expect.poll(() => statusAtCatalog(second), patient).toBe(401);
  expect([await statusAtCatalog(first), await statusAtCatalog(third)]).toEqual([401, 200]);

  expect((await owner.auth.delete(`${path}/${id}`)).status).toBe(204);
  await expect.poll(() => statusAtCatalog(third), patient).toBe(401);
  expect(await statusAtCatalog(owner)).toBe(200);
}

/** A key that was found ends at once, and the answer is the same for every text. */
export async function expectFoundKeyToEnd(place: Place): Promise<void> {
  const { owner } = await openCompany(place);
  const { key } = await makeKey(owner, ['catalog:service:read']);
  const found = callerWith(place, key);
  expect(await statusAtCatalog(found)).toBe(200);
  const report = (token: string) => send(place.auth, 'POST', `${path}/report-leak`, { body: { token } });
  const [nothing, real] = [await report('no key at all'), await report(key)];
  expect([real.status, real.body.data]).toEqual([202, nothing.body.data]);
  await expect.poll(() => statusAtCatalog(found), patient).toBe(401);
}

/** A key may never do more than its owner may now. */
export async function expectKeyToFollowItsOwner(place: Place): Promise<void> {
  const company = await openCompany(place);
  const member = await hire(place, company, 'member');
  await expect.poll(() => statusAtCatalog(member), patient).toBe(200);
  const { key } = await makeKey(member, ['catalog:service:*']);
  const program = callerWith(place, key);
  expect((await program.catalog.post(services, serviceOf('by-a-member'))).status).toBe(201);
  expect((await company.owner.auth.patch(`/api/v1/users/${member.id}`, { role: 'viewer' })).status).toBe(200);
  const write = async () => outcome(await program.catalog.post(services, serviceOf('by-a-member')));
  await expect.poll(write, patient).toEqual([403, 'PERMISSION_DENIED']);
  expect(await statusAtCatalog(program)).toBe(200);
}
