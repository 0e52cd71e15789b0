import type { RoleRecord, RoleShard, RuleRecord } from '../model.ts';
import { patternCovers } from './pattern.ts';

/** A rule that a role holds, itself or through its parents. */
export interface RoleStatement {
  rule: RuleRecord;
  /** From the role that is bound to the one whose rule it is. */
  path: readonly string[];
}

/** The roles that mean something in one tenant. */
export interface RoleIndex {
  /** What the role says of a permission; nothing for a role that does not exist. */
  statements(roleId: string, permission: string): readonly RoleStatement[];
  /** Every rule of the role, parents' included. */
  rules(roleId: string): readonly RoleStatement[];
  /** Whether it is `wanted` or inherits from it. */
  includes(roleId: string, wanted: string): boolean;
  record(roleId: string): RoleRecord | undefined;
  ids(): string[];
}

const nothing: readonly RoleStatement[] = [];
/** Permissions remembered for a role: more than a platform declares, fewer than questions about made-up names could fill. */
const permissionsMax = 4_096;

/** `layers` in order: a role in an earlier one hides those of the same id. */
export function createRoleIndex(layers: readonly RoleShard[], isPlatform: boolean): RoleIndex {
  const expanded = new Map<string, Expanded>();

  function record(roleId: string): RoleRecord | undefined {
    const layer = layers.find((roles) => Object.hasOwn(roles, roleId));
    const role = layer?.[roleId];
    return role?.platformOnly === true && !isPlatform ? undefined : role;
  }

  function expand(roleId: string): Expanded {
    let known = expanded.get(roleId);
    // Ids of roles that are not there come from bindings alone, so they cannot pile up.
    if (known === undefined) expanded.set(roleId, (known = expandRole(roleId, record)));
    return known;
  }

  return {
    statements: (roleId, permission) => expand(roleId).about(permission),
    rules: (roleId) => expand(roleId).rules,
    includes: (roleId, wanted) => expand(roleId).ancestors.has(wanted),
    record,
    ids: () => [...new Set(layers.flatMap((roles) => Object.keys(roles)))].filter((id) => record(id) !== undefined),
  };
}

interface Expanded {
  rules: readonly RoleStatement[];
  ancestors: ReadonlySet<string>;
  about(permission: string): readonly RoleStatement[];
}

/** All roles reached, each once and by the shortest way; roles that contain each other end there too. */
function expandRole(roleId: string, record: (roleId: string) => RoleRecord | undefined): Expanded {
  const rules: RoleStatement[] = [];
  const ancestors = new Set([roleId]);
  const waiting: (readonly string[])[] = [[roleId]];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const role = record(path.at(-1)!);
    for (const rule of role?.rules ?? []) rules.push({ rule, path });
    for (const parentId of role?.parentRoleIds ?? []) {
      if (ancestors.has(parentId)) continue;
      ancestors.add(parentId);
      waiting.push([...path, parentId]);
    }
  }
  const remembered = new Map<string, readonly RoleStatement[]>();
  return {
    rules,
    ancestors,
    about(permission) {
      const known = remembered.get(permission);
      if (known !== undefined) return known;
      if (remembered.size >= permissionsMax) remembered.clear();
      const matching = rules.filter(({ rule }) => patternCovers(rule.permission, permission));
      const found = matching.length === 0 ? nothing : matching;
      remembered.set(permission, found);
      return found;
    },
  };
}
