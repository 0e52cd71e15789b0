import type { Principal } from '@idp/auth';
import { AuthError } from '@idp/errors';
import { decodeJwt } from 'jose';
import { listHeldRoles } from '../../access/held-roles.ts';
import type { AuthContext } from '../../context.ts';
import { findApiKey } from '../../store/credentials/api-keys.ts';
import { findTenant, type TenantSummary } from '../../store/tenants.ts';

export interface CredentialDescription {
  tenant: TenantSummary;
  /** Roles its owner has in the tenant now. */
  roles: readonly string[];
  /** Null: bounded by nothing but the roles. */
  scopes: readonly string[] | null;
  expiresAt: string;
}

/** What a credential is worth now. 401 when what stands behind it has ended since it was verified. */
export async function describeCredential(
  ctx: Pick<AuthContext, 'database' | 'clock'>,
  principal: Principal,
): Promise<CredentialDescription> {
  const { keyId, tenantId, scope } = principal;
  const { tenant, key, roles } = await ctx.database.tenant(tenantId).read(
    async (tx) => ({
      tenant: await findTenant(tx, tenantId),
      key: keyId === undefined ? undefined : await findApiKey(tx, keyId),
      roles: await listHeldRoles(tx, principal, ctx.clock()),
    }),
    { global: true },
  );
  if (tenant === undefined || (keyId !== undefined && key === undefined)) {
    throw new AuthError('the credential has ended', {
      code: keyId === undefined ? 'INVALID_TOKEN' : 'INVALID_API_KEY',
    });
  }
  const expiresAt = key?.expires_at ?? new Date((decodeJwt(principal.token).exp ?? 0) * 1000).toISOString();
  const scopes = scope === undefined ? null : scope.split(' ').filter((item) => item !== '');
  return { tenant, roles, scopes, expiresAt };
}
