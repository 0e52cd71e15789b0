import { newId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { UnprocessableError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import { slugOfName } from '../../domain/slug-of-name.ts';
import { teamDepthMax } from '../../domain/team-tree.ts';
import { findDefaultOrganization, lockOrganization } from '../../store/organizations/organizations.ts';
import { findTeam, insertTeam, type Team } from '../../store/organizations/teams.ts';
import { createdStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { requireFreeSlug, slugTaken } from './create-organization.ts';
import { teamData, teamState } from './team-events.ts';

export interface NewTeam {
  /** Default: the parent's, else the tenant's default organization. */
  organizationId?: string | undefined;
  parentId?: string | undefined;
  /** Default: made of the name. */
  slug?: string | undefined;
  name: string;
  description?: string | undefined;
}

/** 409 `NAME_TAKEN`; 422 `NAME_RESERVED`, `REFERENCE_INVALID` for organization or parent, `UNPROCESSABLE` for a sixth level. */
export async function createTeam(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'access' | 'clock'>,
  input: NewTeam,
): Promise<Team> {
  const { name, description = '' } = input;
  const id = newId();
  const slug = input.slug ?? slugOfName(name) ?? id;
  requireFreeSlug(slug);
  const { organizationId, parentPath } = await placeOf(tx, input);
  if (parentPath.length >= teamDepthMax) throw new UnprocessableError(`teams are nested ${teamDepthMax} deep at most`);
  const now = ctx.clock();
  const made = await insertTeam(tx, {
    id,
    organization_id: organizationId,
    parent_id: input.parentId ?? null,
    path: [...parentPath, id],
    depth: parentPath.length + 1,
    slug,
    name,
    description,
    ...createdStamps(currentActor(), now),
  });
  if (made === undefined) throw slugTaken('team of the organization');
  await accessChanged(tx, ctx, { scopes: [id] });
  publish(tx, {
    type: 'idp.auth.v1.TeamCreated',
    aggregateId: id,
    version: made.version,
    data: { ...teamData(made), createdAt: timestampFromDate(now) },
  });
  tx.audit({ action: 'auth:team:create', resourceType: 'team', resourceId: id, after: teamState(made) });
  return made;
}

/** Where a new team stands. The organization is locked: nobody moves the parent meanwhile. */
async function placeOf(
  tx: Tx<Tables>,
  { organizationId, parentId }: NewTeam,
): Promise<{ organizationId: string; parentPath: readonly string[] }> {
  const seen = parentId === undefined ? undefined : await findTeam(tx, parentId);
  if (parentId !== undefined && seen === undefined) throw referenceInvalid('parentId');
  const wanted = organizationId ?? seen?.organizationId ?? (await findDefaultOrganization(tx))?.id;
  const organization = wanted === undefined ? undefined : await lockOrganization(tx, wanted);
  if (organization === undefined) throw referenceInvalid('organizationId');
  if (parentId === undefined) return { organizationId: organization.id, parentPath: [] };
  const parent = await findTeam(tx, parentId);
  if (parent?.organizationId !== organization.id) throw referenceInvalid('parentId');
  return { organizationId: organization.id, parentPath: parent.path };
}

export function referenceInvalid(field: string): UnprocessableError {
  return new UnprocessableError(`${field} names nothing here`, { code: 'REFERENCE_INVALID', details: { field } });
}
