import { MemberStatus, newId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { ConflictError, NotFoundError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../access/changed.ts';
import type { AuthContext } from '../context.ts';
import type { RoleKey } from '../domain/role.ts';
import { insertMembership, insertTenantRole, saveUserTenant } from '../store/memberships.ts';
import type { Tables } from '../store/tables.ts';
import { findTenant } from '../store/tenants.ts';
import { findUser, type UserProfile } from '../store/users.ts';
import { currentActor } from './acting.ts';

export interface NewMember {
  tenantId: string;
  userId: string;
  role: RoleKey;
  /** Why the membership exists: `setup`, `invitation`, `registration`, `seed`. */
  reason: string;
}

/** Makes an account a member of a tenant with one role in all of it. 404 for either, 409 when it is a member already. */
export async function addMember(
  ctx: Pick<AuthContext, 'database' | 'clock' | 'access'>,
  input: NewMember,
): Promise<{ membershipId: string }> {
  const membershipId = newId();
  await ctx.database.tenant(input.tenantId).write(
    async (tx) => {
      const [tenant, user] = await Promise.all([findTenant(tx, input.tenantId), findUser(tx, input.userId)]);
      if (tenant === undefined) throw new NotFoundError('the tenant does not exist');
      if (user === undefined) throw new NotFoundError('the user does not exist');
      await insertMember(tx, ctx, { ...input, membershipId, user });
    },
    { global: true },
  );
  return { membershipId };
}

/** Membership, its global side, role and new access version, in the transaction of the tenant. */
export async function insertMember(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'access' | 'clock'>,
  member: Pick<NewMember, 'role' | 'reason'> & {
    membershipId: string;
    user: Pick<UserProfile, 'id' | 'email' | 'name'>;
  },
): Promise<void> {
  const { membershipId, user, role, reason } = member;
  const now = ctx.clock();
  const actor = currentActor();
  const at = now.toISOString();
  const inserted = await insertMembership(tx, {
    id: membershipId,
    user_id: user.id,
    status: 'active',
    display_name: user.name,
    email: user.email,
    created_at: at,
    updated_at: at,
    created_by: actor,
    updated_by: actor,
  });
  if (!inserted) throw new ConflictError('the user is a member already');
  await Promise.all([
    saveUserTenant(tx, { userId: user.id, status: 'active', now }),
    insertTenantRole(tx, { id: newId(), userId: user.id, role, grantedBy: actor, reason, now }),
  ]);
  await accessChanged(tx, ctx, { principals: [{ type: 'user', id: user.id }] });
  publish(tx, {
    type: 'idp.auth.v1.MemberAdded',
    aggregateId: membershipId,
    version: 1,
    data: {
      membershipId,
      userId: user.id,
      email: user.email,
      displayName: user.name,
      status: MemberStatus.ACTIVE,
      reason,
      role,
      joinedAt: timestampFromDate(now),
    },
  });
  tx.audit({
    action: 'auth:member:add',
    resourceType: 'membership',
    resourceId: membershipId,
    after: { userId: user.id, email: user.email, role, status: 'active' },
    reason,
  });
}
