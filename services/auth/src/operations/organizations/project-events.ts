import type { Project } from '../../store/organizations/projects.ts';

/** Members every event about a project has. */
export function projectData({ id, organizationId, ownerTeamId, slug, name, description }: Project) {
  return { projectId: id, organizationId, ownerTeamId: ownerTeamId ?? '', slug, name, description };
}

/** A project as audit rows show it. */
export function projectState({ organizationId, ownerTeamId, slug, name, description }: Project) {
  return { organizationId, ownerTeamId, slug, name, description };
}
