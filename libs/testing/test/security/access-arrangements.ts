import { randomInt } from 'node:crypto';
import { freshName } from '../../src/hostile/openapi/sample.ts';
import type { Arrangement } from '../../src/hostile/target.ts';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import type { Tenant } from './people.ts';
import type { Platform } from './platform.ts';
import { once } from './tenancy-arrangements.ts';

const roles = '/api/v1/auth/roles';
const bindings = '/api/v1/auth/role-bindings';
const policies = '/api/v1/auth/policies';

/** Roles, who holds them, policies, and questions about them. */
export function accessArrangements(platform: Platform, tenant: Tenant): Record<string, Arrangement> {
  const make = async (target: string, body: object): Promise<string> => {
    const baseUrl = platform.targets.find(({ name }) => name === 'auth')?.baseUrl ?? '';
    const owner = tenant.people[`owner${tenant.letter}`]!;
    const headers = { ...owner.headers, 'content-type': 'application/json' };
    const answer = await send(baseUrl, { method: 'POST', target, headers, body: JSON.stringify(body) });
    if (answer.status !== 201) throw new Error(`POST ${target} was answered ${answer.status}: ${answer.body}`);
    return (jsonOf(answer) as { data: { id: string } }).data.id;
  };
  const named = () => ({ name: `${freshName()} ${tenant.canary}` });
  const rail = () => ({ ...named(), permissions: ['auth:team:delete'], enabled: false });
  /** Names are unique: what other requests have given must be free again. */
  const freeNames = (table: 'roles' | 'policies') => () =>
    platform.sql(`update auth.${table} set name = id::text, name_norm = id::text where tenant_id = $1`, [tenant.id]);
  const role = () => make(roles, named());
  const policy = () => make(policies, rail());
  const somebody = tenant.people[`member${tenant.letter}`]!.id;
  // No two grants of one role to one person begin at the same moment.
  const grant = () => {
    const startsAt = new Date(Date.UTC(2031, 0, 1) + randomInt(2 ** 40)).toISOString();
    return { principalType: 'user', principalId: somebody, roleId: 'viewer', startsAt };
  };
  const binding = () => make(bindings, grant());
  const at = (id: () => Promise<string>, body?: () => object): Arrangement => ({
    request: async () => ({ path: { id: await id() }, ...(body && { body: body() }) }),
  });
  const question = (body: object = {}): Arrangement => ({
    request: () => ({ body: { permission: 'auth:team:read', ...body } }),
    storesNothing: true,
  });
  return {
    createRole: { request: () => ({ body: named() }), clear: freeNames('roles') },
    getRole: at(once(role)),
    updateRole: { ...at(role, named), clear: freeNames('roles') },
    deleteRole: at(role),
    createRoleBinding: { request: () => ({ body: grant() }) },
    getRoleBinding: at(once(binding)),
    updateRoleBinding: at(binding, () => ({ reason: tenant.canary })),
    deleteRoleBinding: at(binding),
    assignUserRole: {
      request() {
        const { principalId, roleId, startsAt } = grant();
        return { path: { id: principalId }, body: { roleId, startsAt } };
      },
    },
    createPolicy: { request: () => ({ body: rail() }), clear: freeNames('policies') },
    getPolicy: at(once(policy)),
    updatePolicy: { ...at(policy, named), clear: freeNames('policies') },
    deletePolicy: at(policy),
    checkPermission: question(),
    checkPermissions: {
      request: () => ({ body: { items: [{ id: '1', permission: 'auth:team:read' }] } }),
      storesNothing: true,
    },
    authorizeBackstage: {
      request() {
        const permission = { type: 'basic', name: 'catalog.entity.create', attributes: {} };
        return { body: { items: [{ id: '1', permission }] } };
      },
      storesNothing: true,
    },
    evaluateDecision: question(),
    listSubjects: question(),
    listScopes: { request: () => ({ query: { permission: 'auth:team:read' } }) },
    listUserPermissions: { request: () => ({ path: { id: somebody } }) },
  };
}
