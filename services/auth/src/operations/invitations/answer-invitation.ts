import type { Tx } from '@idp/database';
import type { AuthContext } from '../../context.ts';
import { findAccount } from '../../store/members/accounts.ts';
import type { OneTimeToken } from '../../store/one-time-tokens.ts';
import type { Tables } from '../../store/tables.ts';
import type { TenantSummary } from '../../store/tenants.ts';
import { findUser } from '../../store/users.ts';
import { endInvitation } from './end-invitation.ts';
import { joinByInvitation } from './join.ts';
import { findLink, lockWaitingLink, notWaiting, type WaitingInvitation } from './waiting.ts';

type Ctx = Pick<AuthContext, 'database' | 'access' | 'clock'>;

export interface Joined {
  tenant: Pick<TenantSummary, 'id' | 'slug' | 'name'>;
  organizationId: string;
}

/**
 * Joins the tenant that sent the link. Only the account of the address it was sent to can; for everybody else, as for a link
 * that is unknown, used, taken back or too old, it is 404. 409 for a member whose membership is suspended.
 */
export async function acceptInvitation(
  ctx: Ctx,
  { token, userId }: { token: string; userId: string },
): Promise<Joined> {
  const link = await requireLink(ctx, token);
  return ctx.database.tenant(link.tenantId).write(
    async (tx) => {
      const { invitation, tenant } = await lockInvited(tx, ctx, { link, userId });
      await joinByInvitation(tx, ctx, { invitation, userId });
      const { slug, name } = tenant;
      return { tenant: { id: link.tenantId, slug, name }, organizationId: invitation.organizationId };
    },
    { global: true },
  );
}

/** Says no to an invitation; 404 as above. */
export async function declineInvitation(ctx: Ctx, { token, userId }: { token: string; userId: string }): Promise<void> {
  const link = await requireLink(ctx, token);
  await ctx.database.tenant(link.tenantId).write(
    async (tx) => {
      const { invitation } = await lockInvited(tx, ctx, { link, userId });
      await endInvitation(tx, ctx, { before: invitation, state: 'declined' });
    },
    { global: true },
  );
}

async function requireLink(ctx: Pick<AuthContext, 'database'>, token: string): Promise<OneTimeToken> {
  const link = await findLink(ctx, token);
  if (link === undefined) throw notWaiting();
  return link;
}

async function lockInvited(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'clock'>,
  { link, userId }: { link: OneTimeToken; userId: string },
): Promise<WaitingInvitation> {
  const waiting = await lockWaitingLink(tx, ctx, link);
  const [account, user] = await Promise.all([findAccount(tx, userId), findUser(tx, userId)]);
  if (account?.status !== 'active' || user?.emailVerified !== true) throw notWaiting();
  if (account.emailNorm !== link.emailNorm) throw notWaiting();
  return waiting;
}
