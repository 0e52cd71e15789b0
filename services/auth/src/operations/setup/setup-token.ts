import { platformTenantId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { AuthError } from '@idp/errors';
import type { AuthContext } from '../../context.ts';
import { findOneTimeToken, saveOneTimeToken } from '../../store/one-time-tokens.ts';
import { lockSetup } from '../../store/setup-lock.ts';
import type { Tables } from '../../store/tables.ts';
import { anyUserExists } from '../../store/users.ts';
import { hashOneTimeToken, makeOneTimeToken } from '../../tokens/one-time-token.ts';
import { makeFirstOwner, type FirstOwner, type FirstTenant } from './make-first-owner.ts';
import type { SetupState } from './set-up-platform.ts';

/** How long a token of the first start can be redeemed; a new start makes a new one. */
const setupTokenLifeMs = 7 * 86_400_000;

/** A new token for the first owner, of which only the hash is kept; the one before is worth nothing any more. */
export async function offerSetup(ctx: Pick<AuthContext, 'database' | 'clock'>): Promise<SetupState> {
  const token = makeOneTimeToken();
  const offered = await ctx.database.tenant(platformTenantId).write(
    async (tx) => {
      await lockSetup(tx);
      if (await anyUserExists(tx)) return false;
      await saveOneTimeToken(tx, {
        hash: hashOneTimeToken(token)!,
        kind: 'setup',
        tenantId: platformTenantId,
        subjectId: platformTenantId,
        emailNorm: '',
        expiresAt: new Date(ctx.clock().getTime() + setupTokenLifeMs).toISOString(),
      });
      return true;
    },
    { global: true, unaudited: 'what comes of the token is audited' },
  );
  return offered ? { kind: 'waiting', token } : { kind: 'present' };
}

/**
 * Makes the first owner for whoever holds the token that the first start printed. 401 `INVALID_TOKEN` for any other text, one
 * that was used, replaced or is too old, and where a user exists; else as `makeFirstOwner`.
 */
export async function redeemSetupToken(
  ctx: AuthContext,
  { token, ...owner }: FirstOwner & { token: string },
): Promise<FirstTenant> {
  const hash = hashOneTimeToken(token);
  const admit = async (tx: Tx<Tables>): Promise<void> => {
    const found = hash && (await findOneTimeToken(tx, 'setup', hash));
    if (found === undefined || Date.parse(found.expiresAt) <= ctx.clock().getTime()) throw refused();
  };
  try {
    // Before the password is hashed too: for whoever does not hold the token nothing is worked out.
    await ctx.database.global.read(admit);
    const made = await makeFirstOwner(ctx, { owner, tenantSlug: ctx.setup.IDP_TENANT, admit });
    if (made === undefined) throw refused();
    return made;
  } catch (error) {
    if (error instanceof AuthError) await recordRefusal(ctx);
    throw error;
  }
}

/** Somebody tries to own the platform: its operators find that in their log. */
async function recordRefusal({ database }: Pick<AuthContext, 'database'>): Promise<void> {
  await database.tenant(platformTenantId).write(async (tx) => {
    tx.audit({
      action: 'auth:platform:setup',
      resourceType: 'tenant',
      resourceId: platformTenantId,
      outcome: 'denied',
      reason: 'the setup token is not valid',
    });
  });
}

function refused(): AuthError {
  return new AuthError('the setup token is not valid', { code: 'INVALID_TOKEN' });
}
