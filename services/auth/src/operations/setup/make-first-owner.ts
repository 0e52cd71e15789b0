import { newId, platformTenantId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import type { AuthContext } from '../../context.ts';
import { deleteOneTimeToken } from '../../store/one-time-tokens.ts';
import { lockSetup } from '../../store/setup-lock.ts';
import type { Tables } from '../../store/tables.ts';
import type { TenantSummary } from '../../store/tenants.ts';
import { anyUserExists } from '../../store/users.ts';
import { insertMember } from '../add-member.ts';
import { insertNewTenant } from '../create-tenant.ts';
import { insertPreparedUser, prepareUser } from '../register-user.ts';

export interface FirstOwner {
  email: string;
  password: string;
  /** Default `Owner`. */
  name?: string | undefined;
}

export interface FirstTenant {
  user: { id: string; email: string; name: string };
  tenant: Pick<TenantSummary, 'id' | 'slug' | 'name'>;
}

type Ctx = Pick<AuthContext, 'database' | 'secrets' | 'clock' | 'access' | 'passwords' | 'commonPasswords'>;

/**
 * The first account (its address counts as verified, `platform-admin` in the platform tenant) and the first tenant with its
 * default organization, which the account owns: all in one transaction. Undefined where a user exists. 400 for the address,
 * 422 `PASSWORD_REJECTED`, 503 `HASH_BUSY`; `admit` sees the platform tenant while nobody else sets
 * up and throws to refuse.
 */
export async function makeFirstOwner(
  ctx: Ctx,
  input: { owner: FirstOwner; tenantSlug: string; admit?: (tx: Tx<Tables>) => Promise<void> },
): Promise<FirstTenant | undefined> {
  const { owner, tenantSlug, admit } = input;
  const { email, password, name = 'Owner' } = owner;
  const homeTenant = { id: platformTenantId, slug: tenantSlug };
  const prepared = await prepareUser(ctx, { email, password, name, homeTenant });
  const user = { id: prepared.id, email: prepared.address.email, name };
  const tenant = { id: newId(), slug: tenantSlug, name: tenantSlug };
  // Beforehand, as for every tenant: a key without tenant opens nothing.
  await ctx.secrets.tenant(tenant.id).prepare();
  return ctx.database.chunk(
    async (chunk) => {
      const first = await chunk.tenant(platformTenantId, async (tx) => {
        await lockSetup(tx);
        if (await anyUserExists(tx)) return false;
        await admit?.(tx);
        await deleteOneTimeToken(tx, 'setup', platformTenantId);
        await insertPreparedUser(tx, prepared, ctx.clock());
        await insertMember(tx, ctx, { membershipId: newId(), user, role: 'platform-admin', reason: 'setup' });
        return true;
      });
      if (!first) return undefined;
      await chunk.tenant(tenant.id, (tx) =>
        insertNewTenant(tx, ctx, { ...tenant, tenantId: tenant.id, ownerUserId: user.id, reason: 'setup' }),
      );
      return { user, tenant };
    },
    { global: true },
  );
}
