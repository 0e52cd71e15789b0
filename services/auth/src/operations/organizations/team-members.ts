import { timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { NotFoundError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import { findMember } from '../../store/members/members.ts';
import {
  deleteTeamMember,
  findTeamRole,
  saveTeamMember,
  type TeamRole,
} from '../../store/organizations/team-members.ts';
import { lockTeam } from '../../store/organizations/teams.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';

type Ctx = Pick<AuthContext, 'access' | 'clock'>;

/** Puts a member of the tenant into a team, or gives it another role there. 404 for the team and for a user that is no member. */
export async function putTeamMember(
  tx: Tx<Tables>,
  ctx: Ctx,
  { teamId, userId, role }: { teamId: string; userId: string; role: TeamRole },
): Promise<{ created: boolean }> {
  const [team, member] = [await lockTeam(tx, teamId), await findMember(tx, userId)];
  if (team === undefined) throw new NotFoundError('the team does not exist');
  if (member === undefined) throw new NotFoundError('the user is no member');
  const before = await findTeamRole(tx, teamId, userId);
  if (before === role) return { created: false };
  const now = ctx.clock();
  await saveTeamMember(tx, { teamId, userId, role, actor: currentActor(), now });
  await accessChanged(tx, ctx, { principals: [{ type: 'user', id: userId }] });
  const at = timestampFromDate(now);
  const about = { teamId, userId, role };
  if (before === undefined) {
    publish(tx, { type: 'idp.auth.v1.TeamMemberAdded', aggregateId: teamId, data: { ...about, joinedAt: at } });
  } else {
    publish(tx, { type: 'idp.auth.v1.TeamMemberChanged', aggregateId: teamId, data: { ...about, changedAt: at } });
  }
  tx.audit({
    action: before === undefined ? 'auth:team-member:add' : 'auth:team-member:update',
    resourceType: 'team',
    resourceId: teamId,
    ...(before !== undefined && { before: { userId, role: before } }),
    after: { userId, role },
  });
  return { created: before === undefined };
}

/** Takes a user out of a team. 404 where it is not in it. */
export async function removeTeamMember(
  tx: Tx<Tables>,
  ctx: Ctx,
  { teamId, userId }: { teamId: string; userId: string },
): Promise<void> {
  const team = await lockTeam(tx, teamId);
  const role = team && (await findTeamRole(tx, teamId, userId));
  if (role === undefined) throw new NotFoundError('the user is not in the team');
  await deleteTeamMember(tx, teamId, userId);
  await accessChanged(tx, ctx, { principals: [{ type: 'user', id: userId }] });
  publish(tx, {
    type: 'idp.auth.v1.TeamMemberRemoved',
    aggregateId: teamId,
    data: { teamId, userId, role, removedAt: timestampFromDate(ctx.clock()) },
  });
  tx.audit({
    action: 'auth:team-member:remove',
    resourceType: 'team',
    resourceId: teamId,
    before: { userId, role },
  });
}
