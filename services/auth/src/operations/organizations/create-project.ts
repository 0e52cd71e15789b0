import { newId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import { slugOfName } from '../../domain/slug-of-name.ts';
import { findDefaultOrganization, lockOrganization } from '../../store/organizations/organizations.ts';
import { insertProject, type Project } from '../../store/organizations/projects.ts';
import { findTeam } from '../../store/organizations/teams.ts';
import { createdStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { requireFreeSlug, slugTaken } from './create-organization.ts';
import { referenceInvalid } from './create-team.ts';
import { projectData, projectState } from './project-events.ts';

export interface NewProject {
  /** Default: the owner's, else the tenant's default organization. */
  organizationId?: string | undefined;
  ownerTeamId?: string | undefined;
  /** Default: made of the name. */
  slug?: string | undefined;
  name: string;
  description?: string | undefined;
}

/** 409 `NAME_TAKEN`; 422 `NAME_RESERVED`, `REFERENCE_INVALID` for organization or owner. */
export async function createProject(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'access' | 'clock'>,
  { organizationId, ownerTeamId, name, description = '', ...input }: NewProject,
): Promise<Project> {
  const id = newId();
  const slug = input.slug ?? slugOfName(name) ?? id;
  requireFreeSlug(slug);
  const owner = ownerTeamId === undefined ? undefined : await findTeam(tx, ownerTeamId);
  const wanted = organizationId ?? owner?.organizationId ?? (await findDefaultOrganization(tx))?.id;
  const organization = wanted === undefined ? undefined : await lockOrganization(tx, wanted);
  if (organization === undefined) throw referenceInvalid('organizationId');
  await requireOwner(tx, organization.id, ownerTeamId);
  const now = ctx.clock();
  const made = await insertProject(tx, {
    id,
    organization_id: organization.id,
    owner_team_id: ownerTeamId ?? null,
    slug,
    name,
    description,
    ...createdStamps(currentActor(), now),
  });
  if (made === undefined) throw slugTaken('project of the organization');
  await accessChanged(tx, ctx, { scopes: [id] });
  publish(tx, {
    type: 'idp.auth.v1.ProjectCreated',
    aggregateId: made.id,
    version: made.version,
    data: { ...projectData(made), createdAt: timestampFromDate(now) },
  });
  tx.audit({
    action: 'auth:project:create',
    resourceType: 'project',
    resourceId: made.id,
    after: projectState(made),
  });
  return made;
}

/** 422 unless the team is one of the organization, whose tree the caller has locked. */
export async function requireOwner(
  tx: Tx<Tables>,
  organizationId: string,
  ownerTeamId: string | null | undefined,
): Promise<void> {
  if (ownerTeamId === undefined || ownerTeamId === null) return;
  const owner = await findTeam(tx, ownerTeamId);
  if (owner?.organizationId !== organizationId) throw referenceInvalid('ownerTeamId');
}
