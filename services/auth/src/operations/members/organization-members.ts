import { newId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { NotFoundError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import type { OrganizationRole } from '../../domain/tenant-roles.ts';
import { leaveTeams, saveMember, selectMembers, type Member } from '../../store/members/members.ts';
import { deleteBindingsInScope, insertBinding, listRolesAt } from '../../store/members/role-bindings.ts';
import { updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { memberData } from './member-events.ts';
import {
  lockMemberOf,
  lockOrganizationOf,
  requireAnotherOwner,
  requireCovered,
  type MemberChange,
} from './member-guards.ts';

type Ctx = Pick<AuthContext, 'access' | 'clock'>;
type OrganizationMemberChange = MemberChange & { organizationId: string };

/** Gives a member of an organization another role in it. 404, 412, 403 `SCOPE_ESCALATION`, 409 `LAST_OWNER`. */
export async function updateOrganizationMember(
  tx: Tx<Tables>,
  ctx: Ctx,
  input: OrganizationMemberChange & { role: OrganizationRole },
): Promise<void> {
  const { organizationId, userId, role, principal } = input;
  const { member, scope, held } = await lockOrganizationMember(tx, ctx, input);
  if (held.length === 1 && held[0] === role) return;
  if (role !== 'organization-owner') await requireAnotherOwner(tx, ctx, userId, scope);
  await requireCovered(tx, ctx, principal, [role, ...held]);
  await deleteBindingsInScope(tx, { type: 'user', id: userId }, scope, { systemRoles: true });
  await insertBinding(tx, {
    id: newId(),
    principal: { type: 'user', id: userId },
    role,
    scope,
    grantedBy: currentActor(),
    grantedVia: 'direct',
    reason: 'update',
    now: ctx.clock(),
  });
  await recordChange(tx, ctx, member);
  tx.audit({
    action: 'auth:organization-member:update',
    resourceType: 'organization',
    resourceId: organizationId,
    before: { userId, roles: held },
    after: { userId, roles: [role] },
  });
}

/** Takes a member out of an organization and its teams; it stays in the tenant. Errors as above. */
export async function removeOrganizationMember(
  tx: Tx<Tables>,
  ctx: Ctx,
  input: OrganizationMemberChange,
): Promise<void> {
  const { organizationId, userId, principal } = input;
  const { member, scope, held } = await lockOrganizationMember(tx, ctx, input);
  await requireAnotherOwner(tx, ctx, userId, scope);
  if (principal.id !== userId) await requireCovered(tx, ctx, principal, held);
  await deleteBindingsInScope(tx, { type: 'user', id: userId }, scope);
  const teams = await leaveTeams(tx, userId, organizationId);
  const removedAt = timestampFromDate(ctx.clock());
  for (const { teamId, role } of teams) {
    publish(tx, {
      type: 'idp.auth.v1.TeamMemberRemoved',
      aggregateId: teamId,
      data: { teamId, userId, role, removedAt },
    });
  }
  await recordChange(tx, ctx, member);
  tx.audit({
    action: 'auth:organization-member:remove',
    resourceType: 'organization',
    resourceId: organizationId,
    before: { userId, roles: held, teams: teams.map(({ teamId }) => teamId) },
  });
}

async function lockOrganizationMember(tx: Tx<Tables>, ctx: Ctx, input: OrganizationMemberChange) {
  const { organizationId, userId } = input;
  await lockOrganizationOf(tx, organizationId);
  const member = await lockMemberOf(tx, input);
  const inside = await selectMembers(tx, { organizationId }).where('user_id', '=', userId).executeTakeFirst();
  if (inside === undefined) throw new NotFoundError('the user is not in the organization');
  const scope = { type: 'organization', id: organizationId } as const;
  const roles = await listRolesAt(tx, scope, { userIds: [userId], now: ctx.clock() });
  return { member, scope, held: roles.get(userId) ?? [] };
}

async function recordChange(tx: Tx<Tables>, ctx: Ctx, member: Member): Promise<void> {
  const { membershipId, userId } = member;
  const now = ctx.clock();
  const after = await saveMember(tx, membershipId, updatedStamps(currentActor(), now));
  await accessChanged(tx, ctx, { principals: [{ type: 'user', id: userId }] });
  const roles = await listRolesAt(tx, { type: 'tenant', id: tx.tenantId }, { userIds: [userId], now });
  publish(tx, {
    type: 'idp.auth.v1.MemberUpdated',
    aggregateId: membershipId,
    version: after.version,
    data: { ...(await memberData(tx, after)), role: roles.get(userId)?.[0] ?? '', updatedAt: timestampFromDate(now) },
  });
}
