import type { BindingPrincipalType, BindingRecord, PolicyRecord, PrincipalRecord, RoleShard } from './model.ts';
import { createPolicyIndex } from './policy-index.ts';
import { createRoleIndex, type RoleIndex } from './roles/role-index.ts';
import type { People, World } from './world.ts';

/** A binding with whom it is for. */
export interface OverlayBinding extends BindingRecord {
  principalType: BindingPrincipalType;
  principalId: string;
}

/** What would be different: added, or put in the place of what has the same id. Never stored. */
export interface Overlay {
  bindings?: readonly OverlayBinding[];
  /** By id. */
  roles?: RoleShard;
  policies?: readonly PolicyRecord[];
  /** Ids of what would be gone. */
  without?: { bindings?: readonly string[]; roles?: readonly string[]; policies?: readonly string[] };
}

/** The world as it would be. People and teams whose bindings stay the same keep their very records. */
export function overlayWorld(world: World, overlay: Overlay): World {
  const { bindings = [], roles = {}, policies = [], without = {} } = overlay;
  const changesRoles = Object.keys(roles).length > 0 || (without.roles ?? []).length > 0;
  const changedPolicies = new Set([...policies.map(({ id }) => id), ...(without.policies ?? [])]);
  return {
    ...world,
    people: overlayPeople(world.people, bindings, new Set(without.bindings)),
    roles: changesRoles ? overlayRoles(world.roles, roles, new Set(without.roles)) : world.roles,
    policies:
      changedPolicies.size === 0
        ? world.policies
        : createPolicyIndex([...world.policies.all.filter(({ id }) => !changedPolicies.has(id)), ...policies]),
  };
}

function overlayPeople(people: People, added: readonly OverlayBinding[], gone: ReadonlySet<string>): People {
  if (added.length === 0 && gone.size === 0) return people;
  const changed = new Set([...gone, ...added.map(({ id }) => id)]);
  const byHolder = Map.groupBy(added, ({ principalType, principalId }) => `${principalType}:${principalId}`);

  function bindingsOf<Bound extends { bindings?: readonly BindingRecord[] }>(key: string, record: Bound): Bound {
    const own = record.bindings ?? [];
    const more = byHolder.get(key);
    if (more === undefined && !own.some(({ id }) => changed.has(id))) return record;
    return { ...record, bindings: [...own.filter(({ id }) => !changed.has(id)), ...(more ?? [])] };
  }
  const subject = (type: 'user' | 'service-account', id: string, record: PrincipalRecord): PrincipalRecord =>
    bindingsOf(`${type}:${id}`, record);

  return {
    subject(type, id) {
      const record = people.subject(type, id);
      return record === undefined ? undefined : subject(type, id, record);
    },
    team(id) {
      const key = `team:${id}`;
      const record = people.team(id);
      if (record === undefined) return byHolder.has(key) ? bindingsOf(key, { bindings: [] }) : undefined;
      return bindingsOf(key, record);
    },
    *subjects() {
      for (const [ref, record] of people.subjects()) yield [ref, subject(ref.type, ref.id, record)];
    },
  };
}

function overlayRoles(roles: RoleIndex, added: RoleShard, gone: ReadonlySet<string>): RoleIndex {
  const rest: RoleShard = {};
  for (const id of roles.ids()) {
    const record = roles.record(id);
    if (record !== undefined && !gone.has(id)) rest[id] = record;
  }
  // `ids` names only what means something in this tenant.
  return createRoleIndex([added, rest], true);
}
