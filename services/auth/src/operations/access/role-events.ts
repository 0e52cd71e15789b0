import type { RoleRecord } from '@idp/auth';
import type { Role } from '../../store/access/roles.ts';

/** Members every event about a role has. */
export function roleData({ id, name, description, rules, parentRoleIds }: Role) {
  return {
    roleId: id,
    name,
    description,
    rules: rules.map(({ permission, effect, condition = '' }) => ({ permission, effect, condition })),
    parentRoleIds,
  };
}

/** A role as audit rows show it. */
export function roleState({ name, description, rules, parentRoleIds }: Role) {
  return { name, description, rules, parentRoleIds };
}

/** A role as the snapshot has it. */
export function roleRecord({ name, rules, parentRoleIds }: Pick<Role, 'name' | 'rules' | 'parentRoleIds'>): RoleRecord {
  return { name, rules, ...(parentRoleIds.length > 0 && { parentRoleIds }) };
}
