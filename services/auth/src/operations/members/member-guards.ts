import type { Tx } from '@idp/database';
import { ConflictError, NotFoundError, PermissionError, UnprocessableError } from '@idp/errors';
import type { Principal } from '@idp/auth';
import { listHeldRoles } from '../../access/held-roles.ts';
import type { AuthContext } from '../../context.ts';
import type { RoleKey } from '../../domain/role.ts';
import { coversRole, isTenantRole, ownerRoleOf } from '../../domain/tenant-roles.ts';
import { lockMember, type Member } from '../../store/members/members.ts';
import { hasOtherHolder, listRolesAt, type BindingScope } from '../../store/members/role-bindings.ts';
import { lockOrganization } from '../../store/organizations/organizations.ts';
import type { Tables } from '../../store/tables.ts';
import { lockTenant } from '../../store/tenants.ts';

/** A change of a membership by somebody. */
export interface MemberChange {
  userId: string;
  principal: Principal;
  /** Called with the version before the change; throws to refuse (If-Match). */
  precondition(version: number): void;
}

/**
 * The member, while nobody else changes who owns the tenant: two owners who demote each other wait here for one another.
 * 404 for somebody who is no member.
 */
export async function lockMemberOf(
  tx: Tx<Tables>,
  { userId, precondition }: Pick<MemberChange, 'userId' | 'precondition'>,
): Promise<Member> {
  await lockTenant(tx, tx.tenantId);
  const member = await lockMember(tx, userId);
  if (member === undefined) throw new NotFoundError('the user is no member');
  precondition(member.version);
  return member;
}

/** 409 `LAST_OWNER` when nobody but this user owns the scope, which the caller has locked. */
export async function requireAnotherOwner(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'clock'>,
  userId: string,
  scope: BindingScope = { type: 'tenant', id: tx.tenantId },
): Promise<void> {
  const role = scope.type === 'tenant' ? ownerRoleOf(tx.tenantId) : 'organization-owner';
  const now = ctx.clock();
  const held = await listRolesAt(tx, scope, { userIds: [userId], now });
  if (held.get(userId)?.includes(role) !== true) return;
  if (!(await hasOtherHolder(tx, { role, scope, except: { userId }, now }))) {
    throw new ConflictError('the last owner cannot be removed', { code: 'LAST_OWNER' });
  }
}

/** 422 for a role that does not exist in this tenant. */
export function requireTenantRole(tenantId: string, role: RoleKey): void {
  if (!isTenantRole(tenantId, role)) {
    throw new UnprocessableError('the role cannot be held in this tenant', {
      code: 'REFERENCE_INVALID',
      details: { field: 'role' },
    });
  }
}

/** 403 `SCOPE_ESCALATION` unless the caller holds everything that each of the roles gives. */
export async function requireCovered(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'clock'>,
  principal: Principal,
  roles: readonly string[],
): Promise<void> {
  const held = await listHeldRoles(tx, principal, ctx.clock());
  const missing = roles.find((role) => !coversRole(held, role));
  if (missing === undefined) return;
  throw new PermissionError('nobody gives or takes what they do not hold', {
    code: 'SCOPE_ESCALATION',
    details: { role: missing },
  });
}

/** 404 unless the organization exists; nobody else changes it before the transaction ends. */
export async function lockOrganizationOf(tx: Tx<Tables>, organizationId: string): Promise<void> {
  if ((await lockOrganization(tx, organizationId)) === undefined) {
    throw new NotFoundError('the organization does not exist');
  }
}
