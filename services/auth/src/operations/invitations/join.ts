import { newId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { ConflictError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import { rolesOfInvited, type InvitedRole } from '../../domain/invitation.ts';
import type { Invitation } from '../../store/invitations/invitations.ts';
import { findMember } from '../../store/members/members.ts';
import { insertBinding, listRolesAt } from '../../store/members/role-bindings.ts';
import { lockOrganization } from '../../store/organizations/organizations.ts';
import { findTeamRole, saveTeamMember } from '../../store/organizations/team-members.ts';
import { findTeams } from '../../store/organizations/teams.ts';
import type { Tables } from '../../store/tables.ts';
import { findUser } from '../../store/users.ts';
import { currentActor } from '../acting.ts';
import { insertMember } from '../add-member.ts';
import { endInvitation } from './end-invitation.ts';
import { requireTakenAddress } from './taken-address.ts';
import { notWaiting } from './waiting.ts';

type Ctx = Pick<AuthContext, 'access' | 'clock'>;

/**
 * Makes an account what the invitation says: member of the tenant unless it is one, of the organization, and of the teams
 * that still exist. The caller has locked the invitation. 409 for somebody who is suspended, 403 `SIGNUP_CLOSED` for an address the tenant
 * does not take any more.
 */
export async function joinByInvitation(
  tx: Tx<Tables>,
  ctx: Ctx,
  { invitation, userId }: { invitation: Invitation; userId: string },
): Promise<void> {
  const { organizationId } = invitation;
  const roles = rolesOfInvited(invitation.role as InvitedRole);
  if ((await lockOrganization(tx, organizationId)) === undefined) throw notWaiting();
  const member = await findMember(tx, userId);
  if (member !== undefined && member.status !== 'active') throw new ConflictError(`the membership is ${member.status}`);
  if (member === undefined) {
    const user = await findUser(tx, userId);
    if (user === undefined) throw notWaiting();
    await requireTakenAddress(tx, invitation.email);
    await insertMember(tx, ctx, { membershipId: newId(), user, role: roles.tenant, reason: 'invitation' });
  }
  const scope = { type: 'organization', id: organizationId } as const;
  const now = ctx.clock();
  const held = await listRolesAt(tx, scope, { userIds: [userId], now });
  if (held.get(userId)?.includes(roles.organization) !== true) {
    await insertBinding(tx, {
      id: newId(),
      principal: { type: 'user', id: userId },
      role: roles.organization,
      scope,
      grantedBy: invitation.invitedBy,
      grantedVia: 'invitation',
      reason: 'invitation',
      now,
    });
  }
  await joinTeams(tx, ctx, { invitation, userId });
  await accessChanged(tx, ctx, { principals: [{ type: 'user', id: userId }] });
  await endInvitation(tx, ctx, { before: invitation, state: 'accepted', userId });
}

async function joinTeams(
  tx: Tx<Tables>,
  ctx: Ctx,
  { invitation, userId }: { invitation: Invitation; userId: string },
): Promise<void> {
  const now = ctx.clock();
  const teams = await findTeams(tx, invitation.teamIds);
  for (const { id: teamId } of teams.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    if ((await findTeamRole(tx, teamId, userId)) !== undefined) continue;
    await saveTeamMember(tx, { teamId, userId, role: 'member', actor: currentActor(), now });
    publish(tx, {
      type: 'idp.auth.v1.TeamMemberAdded',
      aggregateId: teamId,
      data: { teamId, userId, role: 'member', joinedAt: timestampFromDate(now) },
    });
  }
}
