import { newId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import type { RoleKey } from '../../domain/role.ts';
import { ownerRoleOf } from '../../domain/tenant-roles.ts';
import { saveMember, type Member } from '../../store/members/members.ts';
import { deleteBindingsInScope, insertBinding, listRolesAt } from '../../store/members/role-bindings.ts';
import { updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { memberData } from './member-events.ts';
import {
  lockMemberOf,
  requireAnotherOwner,
  requireCovered,
  requireTenantRole,
  type MemberChange,
} from './member-guards.ts';

type Ctx = Pick<AuthContext, 'access' | 'clock'>;

/**
 * Changes the name a tenant shows of a member, or its role in the whole tenant. 404, 412, 422 `REFERENCE_INVALID`; 403
 * `SCOPE_ESCALATION` for a role the caller lacks, before as after; 409 `LAST_OWNER`.
 */
export async function updateMember(
  tx: Tx<Tables>,
  ctx: Ctx,
  input: MemberChange & { change: { name?: string | undefined; role?: RoleKey | undefined } },
): Promise<Member> {
  const { change, userId } = input;
  const before = await lockMemberOf(tx, input);
  const scope = { type: 'tenant', id: tx.tenantId } as const;
  const held = (await listRolesAt(tx, scope, { userIds: [userId], now: ctx.clock() })).get(userId) ?? [];
  const { name = before.name, role } = change;
  const changesRole = role !== undefined && (held.length !== 1 || held[0] !== role);
  if (!changesRole && name === before.name) return before;
  if (changesRole) await replaceRole(tx, ctx, { ...input, role, held });
  const now = ctx.clock();
  const after = await saveMember(tx, before.membershipId, {
    display_name: name,
    ...updatedStamps(currentActor(), now),
  });
  publish(tx, {
    type: 'idp.auth.v1.MemberUpdated',
    aggregateId: after.membershipId,
    version: after.version,
    data: {
      ...(await memberData(tx, after)),
      role: (changesRole ? role : held[0]) ?? '',
      updatedAt: timestampFromDate(now),
    },
  });
  tx.audit({
    action: 'auth:member:update',
    resourceType: 'membership',
    resourceId: after.membershipId,
    before: { userId, name: before.name, roles: held },
    after: { userId, name, roles: changesRole ? [role] : held },
  });
  return after;
}

async function replaceRole(
  tx: Tx<Tables>,
  ctx: Ctx,
  { userId, principal, role, held }: Pick<MemberChange, 'userId' | 'principal'> & { role: RoleKey; held: string[] },
): Promise<void> {
  requireTenantRole(tx.tenantId, role);
  // First: of two owners who demote each other, the later one is no owner any more.
  if (role !== ownerRoleOf(tx.tenantId)) await requireAnotherOwner(tx, ctx, userId);
  await requireCovered(tx, ctx, principal, [role, ...held]);
  const [user, scope] = [{ type: 'user', id: userId } as const, { type: 'tenant', id: tx.tenantId } as const];
  await deleteBindingsInScope(tx, user, scope, { systemRoles: true });
  await insertBinding(tx, {
    id: newId(),
    principal: user,
    role,
    scope,
    grantedBy: currentActor(),
    grantedVia: 'direct',
    reason: 'update',
    now: ctx.clock(),
  });
  await accessChanged(tx, ctx, { principals: [user] });
}
