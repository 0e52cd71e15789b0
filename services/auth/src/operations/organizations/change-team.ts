import { timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { ConflictError, NotFoundError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import { deleteBindingsAt, deleteBindingsOf } from '../../store/members/role-bindings.ts';
import { lockOrganization } from '../../store/organizations/organizations.ts';
import { deleteTeamMembers } from '../../store/organizations/team-members.ts';
import { findTeam, isTeamInUse, lockTeam, saveTeam, type Team } from '../../store/organizations/teams.ts';
import { updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { moveTeam } from './move-team.ts';
import { teamData, teamState } from './team-events.ts';

export interface TeamChange {
  name?: string | undefined;
  description?: string | undefined;
  /** Null puts the team on the first level. */
  parentId?: string | null | undefined;
}

interface Target {
  id: string;
  /** Called with the version before the change; throws to refuse (If-Match). */
  precondition(version: number): void;
}

/** Changes what is said of a team, and where it stands. 404, 412; what `moveTeam` throws. */
export async function updateTeam(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'access' | 'clock'>,
  { id, precondition, change }: Target & { change: TeamChange },
): Promise<Team> {
  const before = await lockInTree(tx, id);
  precondition(before.version);
  const { name = before.name, description = before.description, parentId = before.parentId } = change;
  let after = before;
  if (name !== before.name || description !== before.description) {
    const now = ctx.clock();
    after = await saveTeam(tx, id, { name, description, ...updatedStamps(currentActor(), now) });
    publish(tx, {
      type: 'idp.auth.v1.TeamUpdated',
      aggregateId: id,
      version: after.version,
      data: { ...teamData(after), updatedAt: timestampFromDate(now) },
    });
  }
  if (parentId !== before.parentId) after = await moveTeam(tx, ctx, { team: after, parentId });
  if (after !== before) {
    tx.audit({
      action: 'auth:team:update',
      resourceType: 'team',
      resourceId: id,
      before: teamState(before),
      after: teamState(after),
    });
  }
  return after;
}

/** Deletes a team with its memberships and everything held by it or in it. 404, 412, 409 while teams or projects depend on it. */
export async function deleteTeam(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'access' | 'clock'>,
  { id, precondition }: Target,
): Promise<void> {
  const before = await lockInTree(tx, id);
  precondition(before.version);
  if (await isTeamInUse(tx, id)) throw new ConflictError('the team has teams below it or owns projects');
  const now = ctx.clock();
  const actor = currentActor();
  const after = await saveTeam(tx, id, {
    deleted_at: now.toISOString(),
    deleted_by: actor,
    ...updatedStamps(actor, now),
  });
  const [members, , holders] = await Promise.all([
    deleteTeamMembers(tx, id),
    deleteBindingsOf(tx, { type: 'team', id }),
    deleteBindingsAt(tx, { type: 'team', id }),
  ]);
  const users = members.map(({ userId }) => ({ type: 'user' as const, id: userId }));
  await accessChanged(tx, ctx, { scopes: [id], principals: [{ type: 'team', id }, ...users, ...holders] });
  const at = timestampFromDate(now);
  for (const { userId, role } of members) {
    publish(tx, {
      type: 'idp.auth.v1.TeamMemberRemoved',
      aggregateId: id,
      data: { teamId: id, userId, role, removedAt: at },
    });
  }
  publish(tx, {
    type: 'idp.auth.v1.TeamDeleted',
    aggregateId: id,
    version: after.version,
    data: { ...teamData(before), deletedAt: at },
  });
  tx.audit({ action: 'auth:team:delete', resourceType: 'team', resourceId: id, before: teamState(before) });
}

/** The team, while nobody else changes the shape of its organization's tree: always the organization first. */
async function lockInTree(tx: Tx<Tables>, id: string): Promise<Team> {
  const seen = await findTeam(tx, id);
  if (seen !== undefined) await lockOrganization(tx, seen.organizationId);
  const team = seen && (await lockTeam(tx, id));
  if (team === undefined) throw new NotFoundError('the team does not exist');
  return team;
}
