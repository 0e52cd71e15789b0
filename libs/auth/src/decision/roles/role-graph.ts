/** Most steps from a role to the farthest role it inherits from. */
export const roleDepthMax = 8;

/** Parents by role id; what is not in it has none. */
export type RoleParents = ReadonlyMap<string, readonly string[]>;

/** Roles that contain each other, in order and with the first one again at the end; undefined where there are none. */
export function findRoleCycle(parents: RoleParents): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];

  function visit(roleId: string): string[] | undefined {
    if (done.has(roleId)) return undefined;
    const at = path.indexOf(roleId);
    if (at >= 0) return [...path.slice(at), roleId];
    path.push(roleId);
    for (const parentId of parents.get(roleId) ?? []) {
      const cycle = visit(parentId);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(roleId);
    return undefined;
  }

  for (const roleId of parents.keys()) {
    const cycle = visit(roleId);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** The longest way from any role up to a role without parents, where it has more than `roleDepthMax` steps. No cycles. */
export function findDeepRole(parents: RoleParents): string[] | undefined {
  const longest = new Map<string, string[]>();

  function wayUp(roleId: string): string[] {
    const known = longest.get(roleId);
    if (known !== undefined) return known;
    let best: string[] = [];
    for (const parentId of parents.get(roleId) ?? []) {
      const way = wayUp(parentId);
      if (way.length > best.length) best = way;
    }
    const way = [roleId, ...best];
    longest.set(roleId, way);
    return way;
  }

  let deepest: string[] = [];
  for (const roleId of parents.keys()) {
    const way = wayUp(roleId);
    if (way.length > deepest.length) deepest = way;
  }
  return deepest.length > roleDepthMax + 1 ? deepest : undefined;
}
