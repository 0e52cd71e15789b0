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
  /** What roles say of a permission, by role; those that say nothing are not in it. */
  about(permission: string): ReadonlyMap<string, readonly RoleStatement[]>;
  /** Every rule of the role, parents' included; none for a role that does not exist. */
  rules(roleId: string): readonly RoleStatement[];
  /** Whether it is `wanted` or inherits from it. */
  includes(roleId: string, wanted: string): boolean;
  record(roleId: string): RoleRecord | undefined;
  ids(): readonly string[];
}

/** Permissions remembered: more than a platform declares, fewer than questions about made-up names could fill. */
const permissionsMax = 4_096;

/** `layers` in order: a role in an earlier one hides those of the same id. */
export function createRoleIndex(layers: readonly RoleShard[], isPlatform: boolean): RoleIndex {
  const records = new Map<string, RoleRecord>();
  for (const [id, role] of layers.toReversed().flatMap((roles) => Object.entries(roles))) records.set(id, role);
  for (const [id, { platformOnly }] of records) if (platformOnly === true && !isPlatform) records.delete(id);
  const expanded = new Map<string, Expanded>();
  const remembered = new Map<string, ReadonlyMap<string, readonly RoleStatement[]>>();

  function expand(roleId: string): Expanded {
    let known = expanded.get(roleId);
    // Ids of roles that are not there come from bindings alone, so they cannot pile up.
    if (known === undefined) expanded.set(roleId, (known = expandRole(roleId, records)));
    return known;
  }

  function statementsAbout(permission: string): Map<string, readonly RoleStatement[]> {
    const found = new Map<string, readonly RoleStatement[]>();
    for (const roleId of records.keys()) {
      const matching = expand(roleId).rules.filter(({ rule }) => patternCovers(rule.permission, permission));
      if (matching.length > 0) found.set(roleId, matching);
    }
    return found;
  }

  return {
    about(permission) {
      let known = remembered.get(permission);
      if (known !== undefined) return known;
      if (remembered.size >= permissionsMax) remembered.clear();
      remembered.set(permission, (known = statementsAbout(permission)));
      return known;
    },
    rules: (roleId) => expand(roleId).rules,
    includes: (roleId, wanted) => expand(roleId).ancestors.has(wanted),
    record: (roleId) => records.get(roleId),
    ids: () => [...records.keys()],
  };
}

interface Expanded {
  rules: readonly RoleStatement[];
  ancestors: ReadonlySet<string>;
}

/** All roles reached, each once and by the shortest way; roles that contain each other end there too. */
function expandRole(roleId: string, records: ReadonlyMap<string, RoleRecord>): Expanded {
  const rules: RoleStatement[] = [];
  const ancestors = new Set([roleId]);
  const waiting: (readonly string[])[] = [[roleId]];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const role = records.get(path.at(-1)!);
    for (const rule of role?.rules ?? []) rules.push({ rule, path });
    for (const parentId of role?.parentRoleIds ?? []) {
      if (ancestors.has(parentId)) continue;
      ancestors.add(parentId);
      waiting.push([...path, parentId]);
    }
  }
  return { rules, ancestors };
}
