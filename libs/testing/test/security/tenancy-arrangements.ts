import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { freshName } from '../../src/hostile/openapi/sample.ts';
import type { Arrangement } from '../../src/hostile/target.ts';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import type { Tenant } from './people.ts';
import type { Platform } from './platform.ts';

/** Organizations, teams, projects and people: what a request changes or ends is made for it. */
export function tenancyArrangements(platform: Platform, tenant: Tenant): Record<string, Arrangement> {
  const setting = settingOf(platform, tenant);
  return {
    ...treeArrangements(setting),
    ...peopleArrangements(platform, setting),
    ...invitationArrangements(platform, tenant, setting),
  };
}

const organizations = '/api/v1/auth/organizations';
const projects = '/api/v1/auth/projects';
const teams = '/api/v1/teams';

function settingOf(platform: Platform, tenant: Tenant) {
  const owner = tenant.people[`owner${tenant.letter}`]!;
  const call = async (method: string, target: string, body: object): Promise<{ id: string }> => {
    const baseUrl = platform.targets.find(({ name }) => name === 'auth')?.baseUrl ?? '';
    const headers = { ...owner.headers, 'content-type': 'application/json' };
    const answer = await send(baseUrl, { method, target, headers, body: JSON.stringify(body) });
    if (answer.status >= 300) throw new Error(`${method} ${target} was answered ${answer.status}: ${answer.body}`);
    return (jsonOf(answer) as { data: { id: string } }).data;
  };
  const fresh = () => ({ slug: freshName(), name: `${freshName()} ${tenant.canary}` });
  const person = () => insertPerson(platform, tenant);
  const organization = async (): Promise<string> => (await call('POST', organizations, fresh())).id;
  const team = async (more: object = {}): Promise<string> => (await call('POST', teams, { ...fresh(), ...more })).id;
  return {
    owner,
    call,
    person,
    organization,
    team,
    project: async () => (await call('POST', projects, fresh())).id,
    fresh,
    keptPerson: once(person),
    keptOrganization: once(organization),
    keptTeam: once(team),
  };
}

type Setting = ReturnType<typeof settingOf>;

function treeArrangements(setting: Setting): Record<string, Arrangement> {
  const { fresh, organization, team, project, keptTeam, keptPerson, call } = setting;
  const renamed = { name: fresh().name };
  const at = (make: () => Promise<string>, body?: () => object): Arrangement => ({
    request: async () => ({ path: { id: await make() }, ...(body && { body: body() }) }),
  });
  return {
    getOrganization: at(setting.keptOrganization),
    listOrganizationMembers: at(setting.keptOrganization),
    createOrganization: { request: () => ({ body: fresh() }), repeatable: ['name'] },
    createTeam: { request: () => ({ body: fresh() }), repeatable: ['name'] },
    createProject: { request: () => ({ body: fresh() }), repeatable: ['name'] },
    updateOrganization: at(organization, () => renamed),
    updateTeam: at(team, () => ({ name: fresh().name })),
    updateProject: at(project, () => ({ name: fresh().name })),
    deleteOrganization: at(organization),
    deleteTeam: at(team),
    deleteProject: at(project),
    putTeamMember: {
      request: async () => ({ path: { id: await keptTeam(), userId: await keptPerson() }, body: { role: 'member' } }),
    },
    removeTeamMember: {
      async request() {
        const path = { id: await team(), userId: await keptPerson() };
        await call('PUT', `${teams}/${path.id}/members/${path.userId}`, { role: 'member' });
        return { path };
      },
    },
  };
}

function peopleArrangements(platform: Platform, setting: Setting): Record<string, Arrangement> {
  const { call, person, keptPerson, keptOrganization, team, fresh } = setting;
  const someone = async () => ({ path: { id: await person() }, body: {} });
  const managed = async () => {
    const id = await person();
    await platform.sql("update auth.users set managed_by = 'scim' where id = $1", [id]);
    return { path: { id }, body: {} };
  };
  const insider = async (userId: string) => {
    const id = await keptOrganization();
    const inner = await team({ organizationId: id });
    await call('PUT', `${teams}/${inner}/members/${userId}`, { role: 'member' });
    return { id, userId };
  };
  return {
    getUser: { request: async () => ({ path: { id: await keptPerson() } }) },
    updateUser: { request: async () => ({ path: { id: await person() }, body: { name: fresh().name } }) },
    removeUser: { request: async () => ({ path: { id: await person() } }) },
    suspendUser: { request: someone, storesNothing: true },
    resumeUser: {
      async request() {
        const asked = await someone();
        await call('POST', `/api/v1/users/${asked.path.id}/suspend`, {});
        return asked;
      },
      storesNothing: true,
    },
    requireUserMfa: { request: someone },
    disableUser: { request: managed, storesNothing: true },
    enableUser: {
      async request() {
        const asked = await managed();
        await platform.sql("update auth.users set status = 'disabled' where id = $1", [asked.path.id]);
        return asked;
      },
      storesNothing: true,
    },
    updateOrganizationMember: {
      request: async () => ({ path: await insider(await person()), body: { role: 'viewer' } }),
    },
    removeOrganizationMember: { request: async () => ({ path: await insider(await keptPerson()) }) },
  };
}

function invitationArrangements(platform: Platform, tenant: Tenant, setting: Setting): Record<string, Arrangement> {
  const { keptOrganization, owner } = setting;
  const address = () => `${freshName()}@example.com`;
  const waiting = async (email: string) => {
    const [id, organizationId] = [randomUUID(), await keptOrganization()];
    const token = await insertInvitation(platform, tenant, { id, organizationId, email });
    return { token, path: { id: organizationId, invitationId: id } };
  };
  const answer = async () => ({ body: { token: (await waiting(owner.email)).token } });
  const withdrawInvitations = () =>
    platform.sql("update auth.invitations set state = 'canceled' where tenant_id = $1 and state = 'pending'", [
      tenant.id,
    ]);
  return {
    listInvitations: { request: async () => ({ path: { id: await keptOrganization() } }) },
    createInvitation: {
      request: async () => ({ path: { id: await keptOrganization() }, body: { email: address() } }),
      canonical: ['email'],
      clear: withdrawInvitations,
    },
    inviteUser: {
      request: () => ({ body: { email: address() } }),
      canonical: ['email'],
      clear: withdrawInvitations,
    },
    cancelInvitation: { request: async () => ({ path: (await waiting(address())).path }) },
    resendInvitation: { request: async () => ({ path: (await waiting(address())).path }) },
    acceptInvitation: { request: answer, storesNothing: true, misses: { token: 404 } },
    declineInvitation: { request: answer, storesNothing: true, misses: { token: 404 } },
    register: {
      async request() {
        const email = address();
        const { token } = await waiting(email);
        const password = randomBytes(18).toString('hex');
        return { body: { email, fullName: 'Somebody', password, invitationToken: token } };
      },
      storesNothing: true,
      misses: { invitationToken: 403, email: 403 },
    },
  };
}

/** A member of the tenant without a password: nobody signs in as it, and no hash is waited for. */
export async function insertPerson(platform: Platform, { id: tenantId }: Tenant): Promise<string> {
  const id = randomUUID();
  await platform.sql(
    `with account as (
       insert into auth.users (id, email, email_norm, email_verified_at, name, status, home_tenant_id, created_by, updated_by)
       values ($1, $2, $2, now(), 'Somebody', 'active', $3, 'user:test', 'user:test')),
     membership as (
       insert into auth.memberships (tenant_id, id, user_id, status, display_name, email, created_by, updated_by)
       values ($3, gen_random_uuid(), $1, 'active', 'Somebody', $2, 'user:test', 'user:test')),
     role as (
       insert into auth.role_bindings (tenant_id, id, principal_type, principal_id, role_id, scope_type, scope_id,
         granted_by, granted_via)
       values ($3, gen_random_uuid(), 'user', $1, 'member', 'tenant', $3, 'user:test', 'direct'))
     insert into auth.user_tenants (user_id, tenant_id, status) values ($1, $3, 'active')`,
    [id, `${freshName()}@example.com`, tenantId],
  );
  return id;
}

/** An invitation as if its mail had been sent; the token of the link. */
async function insertInvitation(
  platform: Platform,
  tenant: Tenant,
  { id, organizationId, email }: { id: string; organizationId: string; email: string },
): Promise<string> {
  const token = randomBytes(32);
  await platform.sql(
    "delete from auth.invitations where tenant_id = $1 and email_norm = lower($2) and state = 'pending'",
    [tenant.id, email],
  );
  await platform.sql(
    `insert into auth.invitations (tenant_id, id, organization_id, email, email_norm, role, invited_by, inviter_name,
       expires_at, created_by, updated_by)
     values ($1, $2, $3, $4, lower($4), 'member', 'user:test', $5, now() + interval '7 days', 'user:test', 'user:test')`,
    [tenant.id, id, organizationId, email, tenant.canary],
  );
  await platform.sql(
    `insert into auth.one_time_tokens (hash, kind, tenant_id, subject_id, email_norm, expires_at)
     values ($1, 'invitation', $2, $3, lower($4), now() + interval '7 days')`,
    [createHash('sha256').update(token).digest(), tenant.id, id, email],
  );
  return token.toString('base64url');
}

/** Made at the first call, the same ever after. */
export function once<T>(create: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= create());
}
