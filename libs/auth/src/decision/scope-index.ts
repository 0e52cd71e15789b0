import type { ResourceScope, ScopeRecord, ScopeType } from './model.ts';

/** Longest way from a project to its organization; a longer one is a circle. */
const stepsMax = 32;

/** The hierarchy of one tenant: project ⊂ owner team ⊂ parent teams ⊂ organization ⊂ tenant. */
export interface ScopeIndex {
  /** Ids from the scope itself up to the tenant; undefined where the snapshot does not know all of them. */
  chain(type: ScopeType, id: string): readonly string[] | undefined;
  /** The team and the teams that hold it. */
  teamsAbove(teamId: string): readonly string[];
  /** Everything that lies in the scope, itself included, by type. Built when first asked. */
  inside(scopeId: string): Readonly<Record<ScopeRecord['type'], readonly string[]>>;
  record(id: string): ScopeRecord | undefined;
}

type Inside = Record<ScopeRecord['type'], string[]>;

/** `find` looks one scope up, `all` goes through all of them. */
export function createScopeIndex({
  tenantId,
  find,
  all,
}: {
  tenantId: string;
  find(id: string): ScopeRecord | undefined;
  all(): Iterable<readonly [string, ScopeRecord]>;
}): ScopeIndex {
  const chains = new Map<string, readonly string[]>();
  const teams = new Map<string, readonly string[]>();
  const wholeTenant = [tenantId];
  let contents: Map<string, Inside> | undefined;

  function knownChain(id: string): readonly string[] | undefined {
    const known = chains.get(id);
    if (known !== undefined) return known;
    const ids: string[] = [];
    for (let at: string | undefined = id; at !== undefined;) {
      const record = find(at);
      if (record === undefined || ids.length >= stepsMax) return undefined;
      ids.push(at);
      at = record.parentId;
    }
    ids.push(tenantId);
    chains.set(id, ids);
    return ids;
  }

  function contentsOf(): Map<string, Inside> {
    const inside = new Map<string, Inside>();
    for (const [id, { type }] of all()) {
      for (const holder of knownChain(id) ?? []) {
        let content = inside.get(holder);
        if (content === undefined) inside.set(holder, (content = emptyInside()));
        content[type].push(id);
      }
    }
    return inside;
  }

  return {
    record: find,
    chain(type, id) {
      if (type === 'tenant') return id === tenantId ? wholeTenant : undefined;
      return find(id)?.type === type ? knownChain(id) : undefined;
    },
    teamsAbove(teamId) {
      const known = teams.get(teamId);
      if (known !== undefined) return known;
      const above = (knownChain(teamId) ?? []).filter((id) => find(id)?.type === 'team');
      const found = above.length === 0 ? [teamId] : above;
      teams.set(teamId, found);
      return found;
    },
    inside: (scopeId) => (contents ??= contentsOf()).get(scopeId) ?? emptyInside(),
  };
}

function emptyInside(): Inside {
  return { project: [], team: [], organization: [] };
}

/** The narrowest scope that is given; undefined is the tenant itself. */
export function narrowest(scope: ResourceScope | undefined): { type: ScopeType; id: string } | undefined {
  if (scope?.projectId !== undefined) return { type: 'project', id: scope.projectId };
  if (scope?.teamId !== undefined) return { type: 'team', id: scope.teamId };
  if (scope?.organizationId !== undefined) return { type: 'organization', id: scope.organizationId };
  return undefined;
}
