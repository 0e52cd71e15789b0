import type { Principal } from '@idp/auth';
import { AuthError } from '@idp/errors';
import type { AuthContext } from '../context.ts';
import type { RoleKey } from '../domain/role.ts';
import { listTenantRoles } from '../store/memberships.ts';
import { listTenantsOfUser, type TenantSummary } from '../store/tenants.ts';
import { findUser, type UserProfile } from '../store/users.ts';

export interface CallerDescription {
  user: UserProfile;
  /** The tenant of the credential. */
  tenant: TenantSummary;
  /** Roles in that tenant now. */
  roles: RoleKey[];
  /** Tenants the user may sign in to. */
  memberships: TenantSummary[];
}

/**
 * The person behind a token and what it holds in the token's tenant. 401 `INVALID_TOKEN` when the account is not
 * active or the membership has ended since the token was made.
 */
export async function describeCaller(
  ctx: Pick<AuthContext, 'database' | 'clock'>,
  principal: Principal,
): Promise<CallerDescription> {
  const { user, tenants, roles } = await ctx.database.tenant(principal.tenantId).read(
    async (tx) => {
      const [found, memberships, held] = await Promise.all([
        findUser(tx, principal.id),
        listTenantsOfUser(tx, principal.id),
        listTenantRoles(tx, principal.id, ctx.clock()),
      ]);
      return { user: found, tenants: memberships, roles: held };
    },
    { global: true },
  );
  const tenant = tenants.find((one) => one.id === principal.tenantId);
  if (user?.status !== 'active' || tenant === undefined) {
    throw new AuthError('the account or membership has ended', { code: 'INVALID_TOKEN' });
  }
  const summary = ({ id, slug, name, status }: TenantSummary): TenantSummary => ({ id, slug, name, status });
  return { user, tenant: summary(tenant), roles, memberships: tenants.map(summary) };
}
