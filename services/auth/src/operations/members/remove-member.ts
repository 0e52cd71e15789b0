import { timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import { leaveTeams, saveMember, setUserTenantStatus } from '../../store/members/members.ts';
import { lockKeysOfOwner } from '../../store/credentials/api-keys.ts';
import { deleteBindingsOf } from '../../store/members/role-bindings.ts';
import { updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { revokeKey } from '../credentials/change-api-key.ts';
import { endSessionsHere, requireMayEnd } from './change-member-state.ts';
import { memberData } from './member-events.ts';
import { lockMemberOf, requireAnotherOwner, type MemberChange } from './member-guards.ts';

/**
 * Ends a membership with its sessions, keys, teams and roles in the tenant; the account stays, and coming back brings nothing of
 * it back. 404, 412, 403 `SCOPE_ESCALATION`, 409 `LAST_OWNER`.
 */
export async function removeMember(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'access' | 'clock' | 'revocations'>,
  input: MemberChange,
): Promise<void> {
  const { userId } = input;
  const before = await lockMemberOf(tx, input);
  if (before.status === 'active') await requireAnotherOwner(tx, ctx, userId);
  if (input.principal.id !== userId) await requireMayEnd(tx, ctx, input);
  const now = ctx.clock();
  await endSessionsHere(tx, ctx, userId);
  for (const key of await lockKeysOfOwner(tx, userId)) await revokeKey(tx, ctx, key, 'owner');
  const teams = await leaveTeams(tx, userId);
  await deleteBindingsOf(tx, { type: 'user', id: userId });
  const after = await saveMember(tx, before.membershipId, {
    status: 'removed',
    ...updatedStamps(currentActor(), now),
  });
  await setUserTenantStatus(tx, userId, 'removed');
  const version = await accessChanged(tx, ctx, { principals: [{ type: 'user', id: userId }] });
  ctx.revocations.revoke(tx, { kind: 'member', tenantId: tx.tenantId, id: userId, version });
  const removedAt = timestampFromDate(now);
  for (const { teamId, role } of teams) {
    publish(tx, {
      type: 'idp.auth.v1.TeamMemberRemoved',
      aggregateId: teamId,
      data: { teamId, userId, role, removedAt },
    });
  }
  publish(tx, {
    type: 'idp.auth.v1.MemberRemoved',
    aggregateId: after.membershipId,
    version: after.version,
    data: { ...(await memberData(tx, after)), reason: 'removed', removedAt },
  });
  tx.audit({
    action: 'auth:member:remove',
    resourceType: 'membership',
    resourceId: after.membershipId,
    before: { userId, status: before.status, teams: teams.map(({ teamId }) => teamId) },
  });
}
