import type { Tx } from '@idp/database';
import { timestamp } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { listRolesAt } from '../../store/members/role-bindings.ts';
import type { Member } from '../../store/members/members.ts';
import type { Tables } from '../../store/tables.ts';

/** A user as its tenant shows it. */
export const userView = z.object({
  id: z.uuid(),
  membershipId: z.uuid(),
  name: z.string(),
  email: z.string(),
  status: z.enum(['invited', 'active', 'suspended']),
  roles: z.array(z.string()).meta({ description: 'Held in the whole tenant', examples: [['member']] }),
  mfaRequired: z.boolean(),
  managedBy: z.string().nullable(),
  version: z.int(),
  joinedAt: timestamp(),
  updatedAt: timestamp(),
});
export type UserView = z.input<typeof userView>;

/** Members with the roles they hold in the whole tenant. */
export async function showMembers(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'clock'>,
  members: readonly Member[],
): Promise<UserView[]> {
  const userIds = members.map(({ userId }) => userId);
  const roles = await listRolesAt(tx, { type: 'tenant', id: tx.tenantId }, { userIds, now: ctx.clock() });
  return members.map(({ userId, status, ...member }) => ({
    ...member,
    id: userId,
    status: status as UserView['status'],
    roles: roles.get(userId) ?? [],
  }));
}

export async function showMember(tx: Tx<Tables>, ctx: Pick<AuthContext, 'clock'>, member: Member): Promise<UserView> {
  const [shown] = await showMembers(tx, ctx, [member]);
  return shown!;
}
