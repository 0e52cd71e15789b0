import { overlayWorld, type Overlay, type PolicyRecord, type ScopeType, type World } from '@idp/auth';
import { newId } from '@idp/contracts';
import { requireTree } from '../../domain/access/role-changes.ts';
import type { PermissionCatalogue } from '../../domain/access/permission-catalogue.ts';
import { requirePermission, rulesOf, type RulesInput } from '../../domain/access/role-rules.ts';
import type { NewGrant } from './bindings.ts';
import { requireRole, requireScope } from './setting.ts';

/** Bindings, roles and policies as they could be, and ids of what could be gone. */
export interface WhatIf {
  bindings: readonly (Omit<NewGrant, 'reason'> & { id?: string | undefined })[];
  roles: readonly (RulesInput & { id: string; parentRoleIds: readonly string[] })[];
  policies: readonly (Pick<PolicyRecord, 'effect' | 'permissions' | 'subjects'> & {
    id?: string | undefined;
    name: string;
    scopeType: ScopeType;
    scopeId?: string | undefined;
    condition?: string | undefined;
  })[];
  without: NonNullable<Overlay['without']>;
}

/** The world as it would be; nothing of it is stored. Throws for rules, conditions and references as the changes themselves. */
export function worldIf(world: World, catalogue: PermissionCatalogue, whatIf: WhatIf, now: Date): World {
  const roles = Object.fromEntries(
    whatIf.roles.map(({ id, parentRoleIds, ...rules }) => [
      id,
      { name: id, rules: rulesOf(catalogue, rules), parentRoleIds: [...parentRoleIds] },
    ]),
  );
  const { without } = whatIf;
  const changed = overlayWorld(world, { roles, without: { roles: without.roles ?? [] } });
  for (const { parentRoleIds } of whatIf.roles) {
    for (const parent of parentRoleIds) requireRole({ world: changed }, parent, 'overlay.roles.parentRoleIds');
  }
  requireTree(changed);
  const bindings = whatIf.bindings.map((binding) => bindingIf(changed, catalogue, binding, now));
  const policies = whatIf.policies.map((policy) => policyIf(changed, catalogue, policy));
  const { bindings: lost = [], policies: dropped = [] } = without;
  return overlayWorld(changed, { bindings, policies, without: { bindings: lost, policies: dropped } });
}

function bindingIf(
  world: World,
  catalogue: PermissionCatalogue,
  { id = newId(), startsAt, expiresAt, ...binding }: WhatIf['bindings'][number],
  now: Date,
) {
  requireRole({ world }, binding.roleId, 'overlay.bindings.roleId');
  const { condition, principalType, principalId, roleId } = binding;
  const rules = world.roles.rules(roleId);
  if (condition !== undefined) for (const { rule } of rules) catalogue.requireCondition(condition, rule.permission);
  return {
    id,
    principalType,
    principalId,
    roleId,
    ...requireScope({ world }, binding),
    startsAt: startsAt === undefined ? now.getTime() : Date.parse(startsAt),
    ...(expiresAt !== undefined && { expiresAt: Date.parse(expiresAt) }),
    ...(condition !== undefined && { condition }),
  };
}

function policyIf(
  world: World,
  catalogue: PermissionCatalogue,
  { id = newId(), name, effect, permissions, subjects, condition, ...at }: WhatIf['policies'][number],
): PolicyRecord {
  for (const permission of permissions) {
    requirePermission(catalogue, permission);
    if (condition !== undefined) catalogue.requireCondition(condition, permission);
  }
  const scope = requireScope({ world }, at);
  return { id, name, effect, permissions, subjects, ...scope, ...(condition !== undefined && { condition }) };
}
