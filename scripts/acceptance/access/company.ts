import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { send, signIn, statusAtCatalog, type Answer, type Person } from './caller.ts';
import { mailedTokens, patient, type Account, type Place } from './place.ts';

/** A tenant as its first owner has it after the invitation. */
export interface Company {
  id: string;
  slug: string;
  owner: Person;
  /** The default organization. */
  organizationId: string;
}

type Role = 'viewer' | 'member' | 'tenant-admin' | 'tenant-owner';

const tenants = '/api/v1/auth/tenants';
const password = 'four brown foxes dig a hole';

/** Makes a tenant as the platform does, and lets its owner in; the catalog is ready for it. */
export async function openCompany(place: Place): Promise<Company> {
  const slug = `company-${randomBytes(5).toString('hex')}`;
  const operator = await signIn(place, place.operator);
  const account = { email: `owner@${slug}.test`, password };
  const made = await operator.auth.post(tenants, { slug, name: slug, ownerEmail: account.email });
  expect([made.status, made.body.data]).toEqual([201, expect.objectContaining({ slug, status: 'active' })]);
  await register(place, account, (await mailedTokens(place, account.email)).at(-1)!);
  const owner = await signIn(place, account);
  await expect.poll(() => statusAtCatalog(owner), patient).toBe(200);
  await expect.poll(() => preparedServices(owner), patient).toEqual(expect.arrayContaining(['auth', 'catalog']));
  const organizations = await owner.auth.get('/api/v1/auth/organizations');
  return { id: made.body.data.id, slug, owner, organizationId: organizations.body.data[0].id };
}

async function preparedServices(owner: Person): Promise<string[]> {
  const receipts = (await owner.auth.get(`${tenants}/current/provisioning`)).body.data;
  return receipts.flatMap(({ service, preparedAt }: Record<string, string>) => (preparedAt === null ? [] : [service]));
}

/** Makes an account by an invitation. */
export async function register(place: Place, account: Account, invitationToken: string): Promise<void> {
  const answer = await tryToRegister(place, account, invitationToken);
  expect([answer.status, answer.body.data]).toEqual([202, { status: 'accepted' }]);
}

export function tryToRegister(place: Place, account: Account, invitationToken: string): Promise<Answer> {
  const body = { ...account, fullName: account.email, invitationToken };
  return send(place.auth, 'POST', '/api/v1/auth/register', { body });
}

/** An address of the company that nobody has yet. */
export function newAccount({ slug }: Company): Account {
  return { email: `person-${randomBytes(5).toString('hex')}@${slug}.test`, password };
}

/** Somebody new in the company, invited, registered and signed in. */
export async function hire(place: Place, company: Company, role: Role): Promise<Person> {
  const account = newAccount(company);
  await company.owner.auth.make('/api/v1/users', { email: account.email, role });
  await register(place, account, (await mailedTokens(place, account.email)).at(-1)!);
  return signIn(place, account);
}

/** Somebody new who holds no role in the company as a whole: what follows is all there is. */
export async function hireGuest(place: Place, company: Company): Promise<Person> {
  const guest = await hire(place, company, 'viewer');
  const held = await company.owner.auth.get(`/api/v1/auth/role-bindings?principalId=${guest.id}`);
  for (const { id } of held.body.data) {
    expect((await company.owner.auth.delete(`/api/v1/auth/role-bindings/${id}`)).status).toBe(204);
  }
  await expect.poll(() => statusAtCatalog(guest), patient).toBe(403);
  return guest;
}
