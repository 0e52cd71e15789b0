import { MissingError } from '../../src/hostile/missing.ts';
import { freshName } from '../../src/hostile/openapi/sample.ts';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import { signIn } from './people.ts';
import type { Tenant } from './people.ts';
import type { Platform } from './platform.ts';
import type { Principals } from './principals.ts';
import { takeRoles } from './roles-of.ts';

export interface StateParts {
  platform: Platform;
  tenants: readonly Tenant[];
  principals: Principals;
  /** Does this when the story is over. */
  afterwards(back: () => Promise<unknown>): void;
}

/** What a state made, by the names of the data. */
type Made = Readonly<Record<string, string>>;

/** States stories begin in, brought about through the API. */
export type States = Readonly<Record<string, (subject: string, count: string | undefined) => Promise<Made | void>>>;

export function createStates(parts: StateParts): States {
  return { ...accountStates(parts), ...rightStates(parts), ...serviceStates(parts) };
}

/** Ids of people by their names. */
export function idOf(principals: Principals, name: string): string {
  const id = principals.names(`${name}.id`);
  if (id === undefined) throw new MissingError('principal', name);
  return id;
}

type Headers = Readonly<Record<string, string>>;

function caller(platform: Platform, service: string) {
  return async (method: string, target: string, who: Headers, json?: object): Promise<{ id: string }> => {
    const type: Headers = json === undefined ? {} : { 'content-type': 'application/json' };
    const body = json === undefined ? {} : { body: JSON.stringify(json) };
    const answer = await send(platform.fleet.baseUrl(service), {
      method,
      target,
      headers: { ...who, ...type },
      ...body,
    });
    if (answer.status >= 300) throw new Error(`${method} ${target} was answered ${answer.status}: ${answer.body}`);
    return (jsonOf(answer) as { data?: { id: string } } | undefined)?.data ?? { id: '' };
  };
}

/** Accounts, tenants and who is in them. */
function accountStates({ platform, tenants, principals, afterwards }: StateParts): States {
  const call = caller(platform, 'auth');
  async function asOperator(target: string, method = 'POST', json: object = { reason }): Promise<void> {
    // Nobody is let into the platform tenant who does not name it.
    const { token } = await signIn(platform, await platform.operator(), 'platform');
    await call(method, target, { authorization: `Bearer ${token}` }, json);
  }
  const tenantNamed = (letter: string): string => tenants.find((each) => each.letter === letter)!.id;

  /** Of the two owners of a story the first one owns the tenant again, and the second one has gone. */
  async function leaveFirstOwner(first: string, second: string): Promise<void> {
    const { rows } = (await platform.sql(
      "select 1 from auth.role_bindings where principal_id = $1 and role_id = 'tenant-owner'",
      [idOf(principals, first)],
    )) as { rows: unknown[] };
    if (rows.length === 0) {
      const grant = { roleId: 'tenant-owner', reason };
      const target = `/api/v1/users/${idOf(principals, first)}/roles`;
      await call('POST', target, await principals.credentials(second), grant);
    }
    await principals.remove(second);
  }

  return {
    async 'user-disabled'(name) {
      const user = `/api/v1/users/${idOf(principals, name)}`;
      await asOperator(`${user}/disable`);
      afterwards(() => asOperator(`${user}/enable`));
    },
    async 'tenant-suspended'(letter) {
      const tenant = `/api/v1/auth/tenants/${tenantNamed(letter)}`;
      await asOperator(`${tenant}/suspend`);
      afterwards(() => asOperator(`${tenant}/resume`));
    },
    async 'sso-enforced'(letter) {
      const config = `/api/v1/auth/tenants/${tenantNamed(letter)}/config`;
      await asOperator(config, 'PATCH', { sso: { enforced: true } });
      afterwards(() => asOperator(config, 'PATCH', { sso: null }));
    },
    // Somebody of the name is an owner from the beginning of the story.
    async 'second-owner'(letter) {
      afterwards(() => leaveFirstOwner(`owner${letter}`, `secondOwner${letter}`));
    },
    async 'member-removed'(name) {
      await principals.remove(name);
    },
    async sessions(name, count) {
      for (let made = 0; made < Number(count); made++) await principals.openSession(name);
    },
  };
}

const reason = 'a story of the tests';

/** Who may what. */
function rightStates({ platform, principals, afterwards }: StateParts): States {
  const auth = caller(platform, 'auth');
  const catalog = caller(platform, 'catalog');
  const authUrl = platform.fleet.baseUrl('auth');
  return {
    async 'roles-removed'(name) {
      await principals.credentials(name);
      await takeRoles(authUrl, await principals.credentials('ownerA'), idOf(principals, name));
      afterwards(() => principals.remove(name));
    },
    /** What somebody may is what the parent of a team may that they are in. */
    async 'nested-team-grant'(name) {
      const owner = await principals.credentials('ownerA');
      const person = idOf(principals, name);
      const named = () => ({ slug: freshName(), name: freshName() });
      const parent = await auth('POST', '/api/v1/teams', owner, named());
      const child = await auth('POST', '/api/v1/teams', owner, { ...named(), parentId: parent.id });
      await auth('PUT', `/api/v1/teams/${child.id}/members/${person}`, owner, { role: 'member' });
      const service = await catalog('POST', '/api/v1/services', owner, {
        name: freshName(),
        ownerRef: 'group:default/guests',
      });
      const permissions = ['catalog:entity:read', 'catalog:service:read'];
      const role = await auth('POST', '/api/v1/auth/roles', owner, { name: freshName(), permissions });
      const team = { principalType: 'team', principalId: parent.id, scopeType: 'tenant' };
      await auth('POST', '/api/v1/auth/role-bindings', owner, { ...team, roleId: role.id });
      const taken = await takeRoles(authUrl, owner, person);
      // Who may read nothing at all is told so; this one may, elsewhere.
      const other = await auth('POST', '/api/v1/teams', owner, named());
      const elsewhere = { roleId: role.id, scopeType: 'team', scopeId: other.id };
      await auth('POST', `/api/v1/users/${person}/roles`, owner, elsewhere);
      afterwards(async () => {
        const once = new Map(taken.map(({ roleId, scopeType, scopeId }) => [roleId, { roleId, scopeType, scopeId }]));
        for (const given of once.values()) await auth('POST', `/api/v1/users/${person}/roles`, owner, given);
      });
      // It is by the team that the service is seen.
      await catalog('GET', `/api/v1/services/${service.id}`, await principals.credentials(name));
      return { 'A.childTeam': child.id, 'A.teamService': service.id };
    },
  };
}

/** What the catalog has of a tenant. */
function serviceStates({ platform, principals }: StateParts): States {
  const catalog = caller(platform, 'catalog');
  return {
    async 'soft-deleted'(letter, count) {
      const owner = await principals.credentials(`owner${letter}`);
      const made: Record<string, string> = {};
      for (let nth = 0; nth < Number(count); nth++) {
        const service = { name: freshName(), ownerRef: 'group:default/guests' };
        const { id } = await catalog('POST', '/api/v1/services', owner, service);
        await catalog('DELETE', `/api/catalog/entities/by-uid/${id}`, { ...owner, 'if-match': '*' });
        made[`${letter}.deletedService${nth === 0 ? '' : nth + 1}`] = id;
      }
      return made;
    },
  };
}
