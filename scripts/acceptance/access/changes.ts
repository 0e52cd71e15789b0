import type { Answer, Person } from './caller.ts';

/** A request that changes something. */
export interface Change {
  method: 'post' | 'put' | 'patch' | 'delete';
  path: string;
  body?: object;
  /** Default: auth. */
  service?: 'auth' | 'catalog';
}

/** Makes it, once and well; resolves to the answer's data. */
export type Perform = (change: Change) => Promise<Answer['body']>;

const auth = '/api/v1/auth';

/** What is there already. */
interface Changed {
  tenantId: string;
  /** Is gone afterwards. */
  member: Person;
  /** Of somebody who is invited. */
  email: string;
}

/** Every kind of change an owner makes in its company. */
export async function changeCompany(perform: Perform, company: Changed): Promise<void> {
  await changeStructure(perform, company);
  await changeRights(perform, company);
  await changeCredentials(perform, company);
  await changePeople(perform, company);
  await perform({ method: 'patch', path: `${auth}/tenants/current`, body: { name: 'Renamed' } });
  const config = { session: { idleSeconds: 86_400 } };
  await perform({ method: 'patch', path: `${auth}/tenants/current/config`, body: config });
  await perform({ method: 'post', path: `${auth}/audit-logs/exports`, body: {} });
  const access = { action: 'external:ldap:login', resourceType: 'account', resourceId: 'ada', actor: 'ada' };
  await perform({ method: 'post', path: `${auth}/audit-logs`, body: { ...access, details: { realm: 'office' } } });
}

async function changeStructure(perform: Perform, { member }: Changed): Promise<void> {
  const organization = await perform({
    method: 'post',
    path: `${auth}/organizations`,
    body: { name: 'Music', slug: 'music' },
  });
  await perform({ method: 'patch', path: `${auth}/organizations/${organization.id}`, body: { name: 'Sound' } });
  const inside = { organizationId: organization.id };
  const team = await perform({ method: 'post', path: '/api/v1/teams', body: { name: 'Web', ...inside } });
  await perform({ method: 'patch', path: `/api/v1/teams/${team.id}`, body: { name: 'Shop' } });
  const place = `/api/v1/teams/${team.id}/members/${member.id}`;
  await perform({ method: 'put', path: place, body: { role: 'member' } });
  await perform({ method: 'put', path: place, body: { role: 'maintainer' } });
  await perform({ method: 'delete', path: place });
  const owned = { name: 'Storefront', ownerTeamId: team.id };
  const project = await perform({ method: 'post', path: `${auth}/projects`, body: owned });
  await perform({ method: 'patch', path: `${auth}/projects/${project.id}`, body: { name: 'Front' } });
  await perform({ method: 'delete', path: `${auth}/projects/${project.id}` });
  await perform({ method: 'delete', path: `/api/v1/teams/${team.id}` });
  await perform({ method: 'delete', path: `${auth}/organizations/${organization.id}` });
}

async function changeRights(perform: Perform, { member }: Changed): Promise<void> {
  const rules = [{ permission: 'auth:team:update' }];
  const role = await perform({ method: 'post', path: `${auth}/roles`, body: { name: 'Keeper', rules } });
  await perform({ method: 'patch', path: `${auth}/roles/${role.id}`, body: { name: 'Keeper of teams' } });
  const holder = { principalType: 'user', principalId: member.id, roleId: role.id };
  const binding = await perform({ method: 'post', path: `${auth}/role-bindings`, body: holder });
  await perform({ method: 'patch', path: `${auth}/role-bindings/${binding.id}`, body: { reason: 'on call' } });
  await perform({ method: 'delete', path: `${auth}/role-bindings/${binding.id}` });
  const given = await perform({
    method: 'post',
    path: `/api/v1/users/${member.id}/roles`,
    body: { roleId: 'developer' },
  });
  await perform({ method: 'delete', path: `${auth}/role-bindings/${given.id}` });
  await perform({ method: 'delete', path: `${auth}/roles/${role.id}` });
  const rule = { name: 'Stay', permissions: ['auth:team:delete'] };
  const policy = await perform({ method: 'post', path: `${auth}/policies`, body: rule });
  await perform({ method: 'patch', path: `${auth}/policies/${policy.id}`, body: { enabled: false } });
  await perform({ method: 'delete', path: `${auth}/policies/${policy.id}` });
}

async function changeCredentials(perform: Perform, { tenantId }: Changed): Promise<void> {
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const newKey = { name: 'ci', scopes: ['catalog:entity:read'], expiresAt };
  const key = await perform({ method: 'post', path: '/api/v1/api-keys', body: newKey });
  await perform({ method: 'patch', path: `/api/v1/api-keys/${key.id}`, body: { name: 'cd' } });
  await perform({ method: 'post', path: `/api/v1/api-keys/${key.id}/rotate`, body: {} });
  await perform({ method: 'delete', path: `/api/v1/api-keys/${key.id}` });
  const account = { name: 'deployer', scope: { type: 'tenant', id: tenantId } };
  const robot = await perform({ method: 'post', path: `${auth}/service-accounts`, body: account });
  await perform({ method: 'patch', path: `${auth}/service-accounts/${robot.id}`, body: { name: 'robot' } });
  const own = await perform({ method: 'post', path: `${auth}/service-accounts/${robot.id}/api-keys`, body: newKey });
  await perform({ method: 'delete', path: `/api/v1/api-keys/${own.id}` });
  await perform({ method: 'delete', path: `${auth}/service-accounts/${robot.id}` });
}

async function changePeople(perform: Perform, { member, email }: Changed): Promise<void> {
  const invitation = await perform({ method: 'post', path: '/api/v1/users', body: { email, role: 'viewer' } });
  const place = `${auth}/organizations/${invitation.organizationId}/invitations/${invitation.id}`;
  await perform({ method: 'post', path: `${place}/resend` });
  await perform({ method: 'delete', path: place });
  const user = `/api/v1/users/${member.id}`;
  await perform({ method: 'patch', path: user, body: { role: 'tenant-admin' } });
  await perform({ method: 'post', path: `${user}/require-mfa`, body: { required: true } });
  await perform({ method: 'post', path: `${user}/suspend`, body: { reason: 'on leave' } });
  await perform({ method: 'post', path: `${user}/resume`, body: {} });
  await perform({ method: 'delete', path: user });
}

/** Of what the owner changes in the catalog. */
export async function changeCatalog(perform: Perform): Promise<void> {
  const service = 'catalog';
  const body = { name: 'checkout', ownerRef: 'group:default/web' };
  const made = await perform({ service, method: 'post', path: '/api/v1/services', body });
  const path = `/api/v1/services/${made.id}`;
  await perform({ service, method: 'patch', path, body: { description: 'Takes the money' } });
  await perform({ service, method: 'put', path, body: { ownerRef: 'group:default/shop' } });
  await perform({ service, method: 'delete', path: `/api/catalog/entities/by-uid/${made.id}` });
}
