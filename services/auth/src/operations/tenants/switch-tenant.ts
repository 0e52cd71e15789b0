import type { Principal } from '@idp/auth';
import type { Tx } from '@idp/database';
import { AuthError, ConflictError, NotFoundError, PermissionError } from '@idp/errors';
import { stepUpRequired } from '@idp/service';
import type { AuthContext } from '../../context.ts';
import { absoluteEndIn, idleEnd, isLive } from '../../domain/session-life.ts';
import { lifeIn } from '../../domain/sign-in-demand.ts';
import { findActiveMember, getAccessVersion, touchUserTenant } from '../../store/memberships.ts';
import { lockSession, moveSession, type SessionRow } from '../../store/sessions.ts';
import type { Tables } from '../../store/tables.ts';
import { findConfiguredTenant, type TenantSummary } from '../../store/tenants.ts';
import { findUser } from '../../store/users.ts';
import { formatRefreshToken } from '../../tokens/refresh-token.ts';
import { openSessionKey } from '../../tokens/session-keys.ts';
import { ownSessionId } from '../credentials/own-session.ts';
import type { TokenPair } from '../log-in.ts';
import { requireSignIn } from '../require-sign-in.ts';

interface Moved {
  session: SessionRow;
  tenant: TenantSummary;
  tokenEpoch: number;
  accessVersion: number;
}

/**
 * The next pair of tokens of the caller's session, in another of its tenants; tokens of the tenant before go on opening that one alone.
 * 404 where the person is no active member, 403 `TENANT_SUSPENDED`, 401 `INVALID_TOKEN` when the session has ended, 409 when it was moved
 * since the caller's token was made; 403 `SSO_REQUIRED` or `STEP_UP_REQUIRED` where the tenant asks for another or a fresher sign-in.
 */
export async function switchTenant(
  ctx: AuthContext,
  { principal, tenantId }: { principal: Principal; tenantId: string },
): Promise<TokenPair & { tenant: TenantSummary }> {
  const sessionId = ownSessionId(principal);
  const { session, tenant, tokenEpoch, accessVersion } = await ctx.database
    .tenant(tenantId)
    .write((tx) => move(tx, ctx, { principal, sessionId }), { global: true });
  const macKey = await openSessionKey(ctx.secrets, sessionId, session.mac_key_sealed);
  const accessToken = await ctx.accessTokens.issue({
    userId: principal.id,
    tenantId,
    sessionId,
    tokenEpoch,
    accessVersion,
    amr: session.amr,
    acr: session.acr,
    authTime: new Date(session.auth_time),
    csrfHash: session.csrf_hash,
  });
  return {
    accessToken,
    refreshToken: formatRefreshToken(sessionId, session.counter + 1, macKey),
    expiresIn: ctx.accessTokens.lifetimeSeconds,
    tenant,
  };
}

/** In the tenant the session goes to, under the session's row lock. */
async function move(
  tx: Tx<Tables>,
  ctx: AuthContext,
  { principal, sessionId }: { principal: Principal; sessionId: string },
): Promise<Moved> {
  const now = ctx.clock();
  const [session, tenant, user, member, accessVersion] = await Promise.all([
    lockSession(tx, sessionId),
    findConfiguredTenant(tx, tx.tenantId),
    findUser(tx, principal.id),
    findActiveMember(tx, principal.id),
    getAccessVersion(tx),
  ]);
  if (session?.user_id !== principal.id || !isLive(session, now) || user?.status !== 'active') {
    throw new AuthError('the session has ended', { code: 'INVALID_TOKEN' });
  }
  if (tenant === undefined || member === undefined) throw new NotFoundError('the tenant does not exist');
  if (tenant.status === 'suspended') throw new PermissionError('the tenant is suspended', { code: 'TENANT_SUSPENDED' });
  if (tenant.status !== 'active') throw new NotFoundError('the tenant does not exist');
  if (session.tenant_id !== principal.tenantId) throw new ConflictError('the session is in another tenant now');
  const life = lifeIn(tenant.config, ctx.sessionLife);
  const maxAgeSeconds = life.maxSeconds;
  await requireSignIn(tx, { userId: principal.id, config: tenant.config, member, session, maxAgeSeconds, now });
  const absoluteEnd = absoluteEndIn(session, life);
  if (absoluteEnd <= now) throw stepUpRequired({ maxAgeSeconds });
  const idleExpiresAt = idleEnd(now, absoluteEnd, life);
  await moveSession(tx, sessionId, { counter: session.counter + 1, now, idleExpiresAt, absoluteEnd });
  await touchUserTenant(tx, principal.id, now);
  tx.audit({
    action: 'auth:session:switch',
    resourceType: 'session',
    resourceId: sessionId,
    before: { tenantId: session.tenant_id },
    after: { tenantId: tx.tenantId },
  });
  return { session, tenant, tokenEpoch: user.tokenEpoch, accessVersion };
}
