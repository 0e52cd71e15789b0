import { platformTenantId } from '@idp/contracts';
import { PermissionError } from '@idp/errors';
import type { AuthContext } from '../../context.ts';
import { parseEmailAddress } from '../../domain/email-address.ts';
import { listTenantsOfUser, findTenant } from '../../store/tenants.ts';
import { findAccountByEmail } from '../../store/users.ts';
import { insertPreparedUser, prepareUser } from '../register-user.ts';
import { joinByInvitation } from './join.ts';
import { findLink, lockWaitingLink } from './waiting.ts';

export interface Registration {
  email: string;
  name: string;
  password: string;
  invitationToken?: string | undefined;
}

/**
 * Makes an account for an invited address and joins; the mail with the token has proved the address. Says the same whether or
 * not the address has an account: one that has signs in and accepts. 403 `SIGNUP_CLOSED` without a token that was sent to
 * this address and can be answered; 422 `PASSWORD_REJECTED`, 503 `HASH_BUSY`.
 */
export async function registerInvited(
  ctx: Pick<AuthContext, 'database' | 'access' | 'clock' | 'passwords' | 'commonPasswords'>,
  { email, name, password, invitationToken }: Registration,
): Promise<void> {
  const norm = parseEmailAddress(email)?.norm;
  const link = invitationToken === undefined ? undefined : await findLink(ctx, invitationToken);
  if (link === undefined || link.emailNorm !== norm || Date.parse(link.expiresAt) <= ctx.clock().getTime()) {
    throw new PermissionError('an invitation for this address is needed', { code: 'SIGNUP_CLOSED' });
  }
  const tenant = await ctx.database.global.read((tx) => findTenant(tx, link.tenantId));
  const homeTenant = { id: link.tenantId, slug: tenant?.slug ?? '' };
  // Hashed before anybody looks for the address, so that both cases take the same time.
  const user = await prepareUser(ctx, { email, name, password, homeTenant });
  const userId = await ctx.database.tenant(platformTenantId).write(
    async (tx) => {
      const known = await findAccountByEmail(tx, link.emailNorm);
      if (known === undefined) {
        await insertPreparedUser(tx, user, ctx.clock());
        return user.id;
      }
      // Of a try that died half-way there is an account without any tenant: it goes on. Everybody else accepts for himself.
      return (await listTenantsOfUser(tx, known.id)).length === 0 ? known.id : undefined;
    },
    { global: true },
  );
  if (userId === undefined) return;
  await ctx.database.tenant(link.tenantId).write(
    async (tx) => {
      const { invitation } = await lockWaitingLink(tx, ctx, link);
      await joinByInvitation(tx, ctx, { invitation, userId });
    },
    { global: true },
  );
}
