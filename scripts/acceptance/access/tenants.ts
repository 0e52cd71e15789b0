import { expect } from 'vitest';
import { callerWith, logIn, outcome, refresh, signIn, statusAtCatalog } from './caller.ts';
import { hire, openCompany, type Company } from './company.ts';
import { mailedTokens, patient, runJob, type Place } from './place.ts';

const path = '/api/v1/auth/tenants';

async function servicesSeen(caller: ReturnType<typeof callerWith>): Promise<string[]> {
  const answer = await caller.catalog.get('/api/v1/services');
  expect(answer.status).toBe(200);
  return answer.body.data.map(({ name }: { name: string }) => name);
}

async function registerService({ owner }: Company, name: string): Promise<void> {
  await owner.catalog.make('/api/v1/services', { name, ownerRef: 'group:default/web' });
}

/** Auth §8.11: one session in two tenants; each token opens its own alone. */
export async function expectSessionToSwitch(place: Place): Promise<void> {
  const [here, there, elsewhere] = [await openCompany(place), await openCompany(place), await openCompany(place)];
  await registerService(here, 'here');
  await registerService(there, 'there');
  const person = await hire(place, here, 'member');
  const { email } = person.account;
  await there.owner.auth.make('/api/v1/users', { email, role: 'viewer' });
  const token = (await mailedTokens(place, email, 2)).at(-1);
  const accepted = await person.auth.post('/api/v1/auth/invitations/accept', { token });
  expect([accepted.status, accepted.body.data.tenant.id]).toEqual([200, there.id]);

  const moved = await person.auth.post(`${path}/${there.id}/switch`);
  expect([moved.status, moved.body.data.tenant.slug]).toEqual([200, there.slug]);
  const inThere = callerWith(place, moved.body.data.accessToken);
  await expect.poll(() => statusAtCatalog(inThere), patient).toBe(200);
  expect(await servicesSeen(inThere)).toEqual(['there']);
  await expect.poll(() => statusAtCatalog(person), patient).toBe(200);
  expect(await servicesSeen(person)).toEqual(['here']);
  expect(outcome(await inThere.auth.post(`${path}/${elsewhere.id}/switch`))).toEqual([404, 'NOT_FOUND']);
  const { refreshToken } = moved.body.data;
  expect(outcome(await refresh(place, refreshToken, { tenantId: here.id }))).toEqual([409, 'CONFLICT']);
}

export async function expectTenantToRestAndGoOn(place: Place): Promise<void> {
  const company = await openCompany(place);
  const member = await hire(place, company, 'member');
  await expect.poll(() => statusAtCatalog(member), patient).toBe(200);
  const operator = await signIn(place, place.operator);
  expect(outcome(await company.owner.auth.post(`${path}/${company.id}/suspend`, {}))).toEqual([
    403,
    'PERMISSION_DENIED',
  ]);
  const suspended = await operator.auth.post(`${path}/${company.id}/suspend`, { reason: 'unpaid' });
  expect([suspended.status, suspended.body.data.status]).toEqual([200, 'suspended']);
  await expect.poll(() => statusAtCatalog(member), patient).toBe(403);
  expect(outcome(await refresh(place, member.refreshToken))).toEqual([403, 'TENANT_SUSPENDED']);
  const resumed = await operator.auth.post(`${path}/${company.id}/resume`, {});
  expect([resumed.status, resumed.body.data.status]).toEqual([200, 'active']);
  await expect.poll(() => statusAtCatalog(member), patient).toBe(200);
}

/** Closed, taken back with all there was, closed again, and 30 days later gone from every service. */
export async function expectTenantToEnd(place: Place): Promise<void> {
  const company = await openCompany(place);
  await registerService(company, 'kept');
  const operator = await signIn(place, place.operator);
  const close = async (slug: string) => {
    const owner = await signIn(place, company.owner.account);
    return owner.auth.delete(`${path}/current?slug=${slug}`);
  };
  expect(outcome(await close('another'))).toEqual([422, 'REFERENCE_INVALID']);
  expect((await close(company.slug)).body.data).toMatchObject({ status: 'deleting' });
  await expect.poll(() => statusAtCatalog(company.owner), patient).toBe(401);
  expect(outcome(await logIn(place, company.owner.account))).toEqual([401, 'INVALID_CREDENTIALS']);
  const restored = await operator.auth.post(`${path}/${company.id}/restore`, {});
  expect([restored.status, restored.body.data.status]).toEqual([200, 'active']);
  const back = await signIn(place, company.owner.account);
  await expect.poll(() => statusAtCatalog(back), patient).toBe(200);
  expect(await servicesSeen(back)).toEqual(['kept']);

  expect((await close(company.slug)).status).toBe(200);
  await place.sql.query("update auth.tenants set delete_after = now() - interval '1 second' where id = $1", [
    company.id,
  ]);
  await runJob(place, 'purge-tenants');
  const missing = async () => {
    const receipts = (await operator.auth.get(`${path}/${company.id}/provisioning`)).body.data;
    expect(receipts.map(({ service }: Record<string, string>) => service)).toEqual(
      expect.arrayContaining(['auth', 'catalog']),
    );
    return receipts.filter(({ purgedAt }: Record<string, string | null>) => purgedAt === null);
  };
  await expect.poll(missing, patient).toEqual([]);
  await runJob(place, 'purge-tenants');
  const state = async () => (await operator.auth.get(`${path}/${company.id}`)).body.data.status;
  await expect.poll(state, patient).toBe('deleted');
  const left = 'select (select count(*) from catalog.entities where tenant_id = $1)::int as entities';
  expect((await place.sql.query(left, [company.id])).rows).toEqual([{ entities: 0 }]);
  expect(outcome(await operator.auth.post(`${path}/${company.id}/restore`, {}))).toEqual([409, 'INVALID_STATE']);
}
