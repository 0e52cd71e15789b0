import { platformTenantId } from '@idp/contracts';
import { AuthError, PermissionError } from '@idp/errors';
import type { AuthContext } from '../context.ts';
import { parseEmailAddress } from '../domain/email-address.ts';
import { chooseTenant, type TenantChoice, type TenantOption } from '../domain/tenant-choice.ts';
import { findNamedConfig, listTenantsOfUser } from '../store/tenants.ts';
import { findAccountByEmail, type Account } from '../store/users.ts';
import { ssoRequired } from './require-sign-in.ts';

export interface Credentials {
  email: string;
  password: string;
  /** Slug or id of the tenant to sign in to. */
  tenant?: string;
}

export interface VerifiedCredentials {
  account: Account;
  tenant: TenantOption;
  reason: 'request' | 'last-used' | 'only';
  /** Hash with today's parameters where the stored one has others. */
  renewedPhc?: string;
}

/**
 * Who the credentials belong to and which tenant they open. 401 `INVALID_CREDENTIALS` whatever is wrong: unknown
 * address, wrong password, disabled account or not a member, each after the same reads, one hash and one audit row.
 * 403 `SSO_REQUIRED` for a named tenant that is entered in no other way, before any account is looked at; 403 `TENANT_SUSPENDED` after a
 * right password. The one place where a password is tested; `logIn` runs it inside the
 * login throttle.
 */
export async function verifyCredentials(ctx: AuthContext, input: Credentials): Promise<VerifiedCredentials> {
  const norm = accountNameOf(input.email);
  const { account, tenants } = await ctx.database.global.read(async (tx) => {
    const [named, found] = await Promise.all([
      input.tenant === undefined ? undefined : findNamedConfig(tx, input.tenant),
      findAccountByEmail(tx, norm),
    ]);
    if (named?.sso?.enforced === true) throw ssoRequired();
    // Asked for an unknown address too, so that both take the same number of statements.
    return { account: found, tenants: await listTenantsOfUser(tx, found?.id ?? platformTenantId) };
  });
  const { matches, outdated } = await ctx.passwords.verify(input.password, account?.phc);
  const choice = chooseTenant(tenants, {
    platformTenantId,
    ...(input.tenant !== undefined && { requested: input.tenant }),
  });
  const refusal = refusalOf({ account, matches, choice });
  if (refusal !== undefined || account === undefined || choice.kind === 'none') {
    await recordRefusal(ctx, { norm, ...(account && { userId: account.id }), reason: refusal ?? 'no account' });
    throw invalidCredentials();
  }
  if (choice.kind === 'suspended') throw new PermissionError('the tenant is suspended', { code: 'TENANT_SUSPENDED' });
  const verified = { account, tenant: choice.tenant, reason: choice.reason };
  return outdated ? { ...verified, renewedPhc: await ctx.passwords.hash(input.password) } : verified;
}

/** The normal form of a typed address, by which accounts are found and failures counted. */
export function accountNameOf(email: string): string {
  return parseEmailAddress(email)?.norm ?? email;
}

function refusalOf(found: {
  account: Account | undefined;
  matches: boolean;
  choice: TenantChoice;
}): string | undefined {
  if (found.account === undefined) return 'unknown address';
  if (found.account.phc === undefined) return 'no password';
  if (!found.matches) return 'wrong password';
  if (found.account.status !== 'active') return `account ${found.account.status}`;
  return found.choice.kind === 'none' ? 'not a member' : undefined;
}

/** Failures are kept in the platform tenant; an address nobody has appears as a fingerprint only. */
async function recordRefusal(
  ctx: AuthContext,
  { norm, userId, reason }: { norm: string; userId?: string; reason: string },
): Promise<void> {
  ctx.metrics.login('refused');
  const fingerprint = await ctx.secrets.tenant(platformTenantId).fingerprint(norm);
  await ctx.database.tenant(platformTenantId).write(async (tx) => {
    tx.audit({
      action: 'auth:session:create',
      resourceType: 'user',
      resourceId: userId ?? `address:${fingerprint}`,
      outcome: 'denied',
      reason,
    });
  });
}

/** The one answer to a refused password, whatever is wrong. */
export function invalidCredentials(): AuthError {
  return new AuthError('the credentials are not valid', { code: 'INVALID_CREDENTIALS' });
}
