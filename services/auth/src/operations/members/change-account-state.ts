import type { Principal } from '@idp/auth';
import { platformTenantId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { InvalidStateError, NotFoundError, PermissionError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import { findAccount, listTenantsWithUser, lockAccount, setAccountStatus } from '../../store/members/accounts.ts';
import { findMember } from '../../store/members/members.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { endSessionsHere, requireMayEnd } from './change-member-state.ts';
import { requireAnotherOwner } from './member-guards.ts';

export interface AccountChange {
  userId: string;
  principal: Principal;
  status: 'active' | 'disabled';
  reason: string;
}

/**
 * Disables or enables an account as such. Only the platform may, and the tenant that manages the account: nobody takes over
 * an identity that also lives elsewhere. 404 for somebody the caller's tenant does not know, 403 `PERMISSION_DENIED`, 409
 * `INVALID_STATE` or `LAST_OWNER` (where the account is the last owner of a tenant). Its sessions end everywhere.
 */
export async function changeAccountState(
  ctx: Pick<AuthContext, 'database' | 'access' | 'clock' | 'revocations'>,
  input: AccountChange,
): Promise<void> {
  const { userId, principal, status } = input;
  await ctx.database.tenant(principal.tenantId).read((tx) => requireMayChange(tx, ctx, input), { global: true });
  const tenants = await ctx.database.global.read((tx) => listTenantsWithUser(tx, userId));
  if (status === 'disabled') {
    for (const tenantId of tenants) {
      await ctx.database.tenant(tenantId).read((tx) => requireAnotherOwner(tx, ctx, userId), { global: true });
    }
  }
  await ctx.database.tenant(platformTenantId).write((tx) => setState(tx, ctx, input), { global: true });
  for (const tenantId of tenants) {
    await ctx.database.tenant(tenantId).write(
      async (tx) => {
        if (status === 'disabled') await endSessionsHere(tx, ctx, userId, 'disabled');
        await accessChanged(tx, ctx, { principals: [{ type: 'user', id: userId }] });
      },
      { global: true, unaudited: 'part of the change of the account, which has its row' },
    );
  }
}

async function requireMayChange(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'access' | 'clock'>,
  { userId, principal }: AccountChange,
): Promise<void> {
  const account = await findAccount(tx, userId);
  if (principal.tenantId === platformTenantId) {
    if (account === undefined) throw new NotFoundError('the user does not exist');
    return;
  }
  if (account === undefined || (await findMember(tx, userId)) === undefined) {
    throw new NotFoundError('the user does not exist');
  }
  if (account.managedBy === null || account.homeTenantId !== principal.tenantId) {
    throw new PermissionError('the account is not managed by this tenant; suspend its membership instead');
  }
  await requireMayEnd(tx, ctx, { userId, principal });
}

async function setState(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'clock' | 'revocations'>,
  { userId, status, reason }: AccountChange,
): Promise<void> {
  const before = await lockAccount(tx, userId);
  const from = status === 'active' ? 'disabled' : 'active';
  if (before?.status !== from) throw new InvalidStateError(`the account is ${before?.status ?? 'gone'}`);
  const now = ctx.clock();
  const { version, epoch } = await setAccountStatus(tx, userId, { status, actor: currentActor(), now });
  if (status === 'disabled') ctx.revocations.revoke(tx, { kind: 'user', id: userId, epoch });
  const { email, name, locale, timezone } = before;
  const data = { userId, email, displayName: name, locale: locale ?? '', timezone: timezone ?? '' };
  const at = timestampFromDate(now);
  const about = { aggregateId: userId, version };
  if (status === 'active') {
    publish(tx, { type: 'idp.auth.v1.UserEnabled', ...about, data: { ...data, enabledAt: at } });
  } else {
    publish(tx, { type: 'idp.auth.v1.UserDisabled', ...about, data: { ...data, reason, disabledAt: at } });
  }
  tx.audit({
    action: status === 'active' ? 'auth:user:enable' : 'auth:user:disable',
    resourceType: 'user',
    resourceId: userId,
    before: { status: before.status },
    after: { status },
    ...(reason !== '' && { reason }),
  });
}
