import type { Team } from '../../store/organizations/teams.ts';

/** Members every event about a team has. */
export function teamData({ id, organizationId, parentId, path, slug, name, description }: Team) {
  return { teamId: id, organizationId, parentId: parentId ?? '', path, slug, name, description };
}

/** A team as audit rows show it. */
export function teamState({ organizationId, parentId, slug, name, description }: Team) {
  return { organizationId, parentId, slug, name, description };
}
