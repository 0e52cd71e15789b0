import { randomBytes } from 'node:crypto';
import { platformTenantId } from '@idp/contracts';
import { freshName } from '../../src/hostile/openapi/sample.ts';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import { signIn } from './people.ts';
import type { Tenant } from './people.ts';
import type { Platform } from './platform.ts';
import { authOperations } from './services.ts';

type Headers = Readonly<Record<string, string>>;

/** People who lack exactly one permission. */
export interface Cast {
  /** Somebody with the highest role who is denied this permission: an owner of the tenant, or an administrator of the platform. */
  denied(permission: string, where: 'tenant' | 'platform'): Promise<Headers>;
  /** Somebody who holds everything in `team`, and all but this permission everywhere else in the tenant. */
  elsewhere(permission: string): Promise<Headers>;
  /** Two teams beside each other in an organization of their own: where the last one holds everything, and where it does not. */
  team: string;
  neighbour: string;
  /** Makes something in the name of the tenant's owner and answers its id. */
  make(target: string, body: object): Promise<string>;
}

interface Person {
  id: string;
  headers: Headers;
}

/** Makes them through the API of the auth service; `permissions` are those of all services. */
export async function createCast(platform: Platform, tenant: Tenant, permissions: readonly string[]): Promise<Cast> {
  const owner = tenant.people[`owner${tenant.letter}`]!.headers;
  const operator = (await platform.operator()).headers;
  const call = callerOf(platform);
  const named = (): { name: string } => ({ name: freshName() });
  const denied = {
    tenant: await makeDenied(platform, tenant.id, { role: 'tenant-owner', slug: tenant.slug, by: owner }),
    platform: await makeDenied(platform, platformTenantId, { role: 'platform-admin', slug: 'platform', by: operator }),
  };
  const { id: organizationId } = await call('POST', '/api/v1/auth/organizations', owner, {
    slug: freshName(),
    ...named(),
  });
  const make = async (target: string, body: object) => (await call('POST', target, owner, { ...named(), ...body })).id;
  const team = await make('/api/v1/teams', { organizationId });
  const neighbour = await make('/api/v1/teams', { organizationId });
  const guest = await makePerson(platform, tenant.id, { role: 'viewer', slug: tenant.slug });
  for (const { id } of await call<{ id: string }[]>(
    'GET',
    `/api/v1/auth/role-bindings?principalId=${guest.id}`,
    owner,
  )) {
    await call('DELETE', `/api/v1/auth/role-bindings/${id}`, owner);
  }
  const rulesOf = (held: readonly string[]) => held.map((permission) => ({ permission, effect: 'allow' }));
  const grant = async (roleId: string, scope: object): Promise<void> => {
    const body = { principalType: 'user', principalId: guest.id, roleId, ...scope };
    await call('POST', '/api/v1/auth/role-bindings', owner, body);
  };
  const roles = '/api/v1/auth/roles';
  const everything = await call('POST', roles, owner, { ...named(), rules: rulesOf(permissions) });
  const rest = await call('POST', roles, owner, { ...named(), rules: [] });
  await grant(everything.id, { scopeType: 'team', scopeId: team });
  await grant(rest.id, { scopeType: 'tenant' });
  return {
    team,
    neighbour,
    make,
    async denied(permission, where) {
      const { headers, roleId, by } = denied[where];
      await call('PATCH', `${roles}/${roleId}`, by, { rules: [{ permission, effect: 'deny' }] });
      return headers;
    },
    async elsewhere(permission) {
      const rules = rulesOf(permissions.filter((each) => each !== permission));
      await call('PATCH', `${roles}/${rest.id}`, owner, { rules });
      return guest.headers;
    },
  };
}

async function makeDenied(
  platform: Platform,
  tenantId: string,
  { by, ...who }: { role: string; slug: string; by: Headers },
): Promise<Person & { roleId: string; by: Headers }> {
  const call = callerOf(platform);
  const person = await makePerson(platform, tenantId, who);
  const { id: roleId } = await call('POST', '/api/v1/auth/roles', by, { name: freshName(), rules: [] });
  await call('POST', '/api/v1/auth/role-bindings', by, { principalType: 'user', principalId: person.id, roleId });
  return { ...person, roleId, by };
}

async function makePerson(
  platform: Platform,
  tenantId: string,
  { role, slug }: { role: string; slug: string },
): Promise<Person> {
  const { registerMember } = await authOperations();
  const { context } = platform.fleet.services.find(({ name }) => name === 'auth')!;
  const [email, password] = [`${freshName()}@${slug}.example.com`, randomBytes(18).toString('base64url')];
  const { userId } = await registerMember(context, { tenantId, email, name: 'Somebody', password, role });
  const { token } = await signIn(platform, { email, password }, slug);
  return { id: userId, headers: { authorization: `Bearer ${token}` } };
}

/** Calls the auth service and answers `data`; anything but success is a fault of the test. */
function callerOf(platform: Platform) {
  const baseUrl = platform.fleet.baseUrl('auth');
  return async <T = { id: string }>(method: string, target: string, headers: Headers, body?: object): Promise<T> => {
    const sent = { 'content-type': 'application/json', 'if-match': '*', ...headers };
    const answer = await send(baseUrl, {
      method,
      target,
      headers: body === undefined ? { 'if-match': '*', ...headers } : sent,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status >= 300) throw new Error(`${method} ${target} was answered ${answer.status}: ${answer.body}`);
    return (jsonOf(answer) as { data: T } | undefined)?.data as T;
  };
}
