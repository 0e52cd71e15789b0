import type { Principal } from '@idp/auth';
import { platformTenantId, timestampFromDate } from '@idp/contracts';
import { publish } from '@idp/events';
import type { AuthContext } from '../../context.ts';
import { requireAcceptablePassword } from '../../passwords/password-rule.ts';
import { changePasswordHash } from '../../store/users.ts';
import type { ClientInfo } from '../log-in.ts';
import { confirmPassword } from './confirm-password.ts';
import { endSessionsOf } from './end-sessions.ts';
import { ownSessionId } from './own-session.ts';

export interface PasswordChange {
  principal: Principal;
  client: ClientInfo;
  current: string;
  next: string;
  keepOtherSessions: boolean;
}

/**
 * Gives a person a new password and ends its other sessions, in every tenant. Errors of `confirmPassword`, 422 `PASSWORD_REJECTED` for a
 * password the rule refuses.
 */
export async function changePassword(ctx: AuthContext, change: PasswordChange): Promise<void> {
  const { principal, client, current, next, keepOtherSessions } = change;
  const keep = ownSessionId(principal);
  const account = await confirmPassword(ctx, { principal, password: current, client });
  await requireAcceptablePassword(next, { email: account.email }, ctx.commonPasswords);
  const phc = await ctx.passwords.admit(() => ctx.passwords.hash(next));
  const others = { userId: account.id, keep, reason: 'password' } as const;
  // Before the change too: a process that dies in between leaves nobody signed in whom the change was to sign out.
  if (!keepOtherSessions) await endSessionsOf(ctx, others);
  await ctx.database.tenant(platformTenantId).write(
    async (tx) => {
      const now = ctx.clock();
      await changePasswordHash(tx, account.id, phc, now);
      const changedAt = timestampFromDate(now);
      publish(tx, {
        type: 'idp.auth.v1.PasswordChanged',
        aggregateId: account.id,
        data: { userId: account.id, changedAt, endedSessions: !keepOtherSessions },
      });
      tx.audit({
        action: 'auth:password:change',
        resourceType: 'user',
        resourceId: account.id,
        before: { password: 'old' },
        after: { password: 'new', endedSessions: !keepOtherSessions },
        sensitive: ['password'],
      });
    },
    { global: true },
  );
  if (!keepOtherSessions) await endSessionsOf(ctx, others);
}
