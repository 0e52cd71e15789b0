import type { Principal } from '@idp/auth';
import { platformTenantId } from '@idp/contracts';
import { AuthError } from '@idp/errors';
import type { AuthContext } from '../../context.ts';
import { findAccountByEmail, findUser, type Account } from '../../store/users.ts';
import type { ClientInfo } from '../log-in.ts';
import { accountNameOf } from '../verify-credentials.ts';

/**
 * The account of a signed-in person whose password this is. Failures count as those of sign-in do: 401 `INVALID_CREDENTIALS`, 429
 * `RATE_LIMIT_EXCEEDED` after too many, 503 `HASH_BUSY`.
 */
export async function confirmPassword(
  ctx: AuthContext,
  { principal, password, client }: { principal: Principal; password: string; client: ClientInfo },
): Promise<Account> {
  const account = await findOwnAccount(ctx, principal.id);
  const name = accountNameOf(account.email);
  const deviceId = await ctx.knownDevices.recognise(name, client.deviceProof);
  const { ip } = client;
  const who = { account: name, ...(ip !== undefined && { ip }), ...(deviceId !== undefined && { deviceId }) };
  await ctx.throttle.attempt(who, () => ctx.passwords.admit(() => compare(ctx, account, password)));
  return account;
}

async function compare(ctx: AuthContext, account: Account, password: string): Promise<void> {
  const { matches } = await ctx.passwords.verify(password, account.phc);
  if (matches) return;
  await ctx.database.tenant(platformTenantId).write(async (tx) => {
    tx.audit({
      action: 'auth:session:reauthenticate',
      resourceType: 'user',
      resourceId: account.id,
      outcome: 'denied',
      reason: 'wrong password',
    });
  });
  throw new AuthError('the password is not right', { code: 'INVALID_CREDENTIALS' });
}

async function findOwnAccount(ctx: AuthContext, userId: string): Promise<Account> {
  const account = await ctx.database.global.read(async (tx) => {
    const user = await findUser(tx, userId);
    return user && findAccountByEmail(tx, accountNameOf(user.email));
  });
  if (account?.status === 'active') return account;
  throw new AuthError('the account has ended', { code: 'INVALID_TOKEN' });
}
