import { NotFoundError } from '@idp/errors';
import type { SystemRole } from '@idp/auth';
import type { AuthContext } from '../context.ts';
import { findTenant } from '../store/tenants.ts';
import { addMember } from './add-member.ts';
import { registerUser } from './register-user.ts';

export interface RegisteredMember {
  tenantId: string;
  email: string;
  name: string;
  password: string;
  role: SystemRole;
  /** Default `registration`. */
  reason?: string;
}

/** A new account and its membership in one tenant; errors as those of `registerUser` and `addMember`. */
export async function registerMember(
  ctx: AuthContext,
  input: RegisteredMember,
): Promise<{ userId: string; membershipId: string }> {
  const { tenantId, email, name, password, role, reason = 'registration' } = input;
  const tenant = await ctx.database.global.read((tx) => findTenant(tx, tenantId));
  if (tenant === undefined) throw new NotFoundError('the tenant does not exist');
  const { userId } = await registerUser(ctx, { email, name, password, homeTenant: tenant });
  const { membershipId } = await addMember(ctx, { tenantId, userId, role, reason });
  return { userId, membershipId };
}
