import { newId, platformTenantId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import type { AuthContext } from '../context.ts';
import { lockSetup } from '../store/setup-lock.ts';
import type { Tables } from '../store/tables.ts';
import { anyTenantExists, insertTenant } from '../store/tenants.ts';
import { anyUserExists, findFirstUser } from '../store/users.ts';
import { currentActor } from './acting.ts';
import { insertMember } from './add-member.ts';
import { insertNewTenant, requireSlug } from './create-tenant.ts';
import { insertPreparedUser, prepareUser } from './register-user.ts';

export interface FirstOwner {
  email: string;
  password: string;
}

/** What there is after a start: `waiting` means that nobody can sign in and no first owner was named. */
export type SetupState = 'done' | 'present' | 'waiting';

/**
 * The first start: platform tenant, first account (`platform-admin` there) and the first tenant, which it owns. Each
 * half is one transaction of its tenant and looks at what is there, so a start that died between them is completed by
 * the next one, several processes make one of each, and nothing happens once a user exists. 422 `PASSWORD_REJECTED`
 * and 400 with the sentence to show.
 */
export async function setUpPlatform(
  ctx: AuthContext,
  { owner, tenantSlug }: { owner?: FirstOwner; tenantSlug: string },
): Promise<SetupState> {
  const empty = await ctx.database.tenant(platformTenantId).write((tx) => insertPlatformTenant(tx, ctx.clock()), {
    global: true,
    unaudited: 'the platform tenant is part of the schema',
  });
  if (empty) {
    if (owner === undefined) return 'waiting';
    await makeFirstUser(ctx, owner, tenantSlug);
  }
  const made = await makeFirstTenant(ctx, tenantSlug);
  return made ? 'done' : 'present';
}

/** Whether no user exists. */
async function insertPlatformTenant(tx: Tx<Tables>, now: Date): Promise<boolean> {
  const actor = currentActor();
  const at = now.toISOString();
  const common = { created_at: at, updated_at: at, created_by: actor, updated_by: actor };
  await insertTenant(tx, { id: platformTenantId, slug: 'platform', name: 'Platform', ...common });
  return !(await anyUserExists(tx));
}

async function makeFirstUser(ctx: AuthContext, owner: FirstOwner, tenantSlug: string): Promise<void> {
  requireSlug(tenantSlug);
  const homeTenant = { id: platformTenantId, slug: tenantSlug };
  const user = await prepareUser(ctx, { ...owner, name: 'Owner', homeTenant });
  const write = async (tx: Tx<Tables>) => {
    await lockSetup(tx);
    if (await anyUserExists(tx)) return;
    await insertPreparedUser(tx, user, ctx.clock());
    const account = { id: user.id, email: user.address.email, name: user.name };
    await insertMember(tx, ctx, { membershipId: newId(), user: account, role: 'platform-admin', reason: 'setup' });
  };
  await ctx.database.tenant(platformTenantId).write(write, {
    global: true,
  });
}

/** The first tenant, owned by the first user; false when there is one already. */
async function makeFirstTenant(ctx: AuthContext, slug: string): Promise<boolean> {
  if (await ctx.database.global.read((tx) => anyTenantExists(tx, platformTenantId))) return false;
  const tenantId = newId();
  await ctx.secrets.tenant(tenantId).prepare();
  return ctx.database.tenant(tenantId).write(
    async (tx) => {
      await lockSetup(tx);
      if (await anyTenantExists(tx, platformTenantId)) return false;
      const ownerUserId = await findFirstUser(tx);
      if (ownerUserId === undefined) throw new Error('a first tenant needs a first user');
      await insertNewTenant(tx, ctx, { tenantId, slug, name: slug, ownerUserId, reason: 'setup' });
      return true;
    },
    { global: true },
  );
}
