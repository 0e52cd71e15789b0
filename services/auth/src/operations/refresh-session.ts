import { timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { AppError, AuthError, ConflictError, PermissionError } from '@idp/errors';
import { publish } from '@idp/events';
import type { AuthContext } from '../context.ts';
import { decideRotation } from '../domain/rotation.ts';
import { absoluteEndIn, idleEnd, isLive, isWithin, type SessionLife } from '../domain/session-life.ts';
import { lifeIn } from '../domain/sign-in-demand.ts';
import { findActiveMember, getAccessVersion } from '../store/memberships.ts';
import { findSession, lockSession, rotateSession, type SessionRow } from '../store/sessions.ts';
import type { Tables } from '../store/tables.ts';
import { findConfiguredTenant } from '../store/tenants.ts';
import { findUser } from '../store/users.ts';
import { formatRefreshToken, isGenuine, parseRefreshToken, type RefreshToken } from '../tokens/refresh-token.ts';
import { openSessionKey } from '../tokens/session-keys.ts';
import { actingAs } from './acting.ts';
import { markSessionEnded } from './end-session.ts';
import type { TokenPair } from './log-in.ts';
import { requireSignIn } from './require-sign-in.ts';

export interface Refreshing {
  refreshToken: string;
  /** The tenant the caller believes the session is in. */
  tenantId?: string;
  /** Called with the digest of the session's CSRF value and its tenant before anything changes; throws to refuse. */
  admit?: (session: { csrfDigest: string | undefined; tenantId: string }) => void;
}

type Refreshed = { counter: number; tokenEpoch: number; accessVersion: number; session: SessionRow };

/**
 * The next pair of tokens of a session. 401 `INVALID_TOKEN` for a token that is malformed, forged, ended or expired
 * (nothing changes) and for one that was used before (the session ends: it is in two hands); 403 `TENANT_SUSPENDED`, `SSO_REQUIRED` or
 * `STEP_UP_REQUIRED` where the tenant asks for more by now;
 * 409 when the session is in another tenant than the caller believes.
 */
export async function refreshSession(ctx: AuthContext, input: Refreshing): Promise<TokenPair> {
  const { token, session, macKey } = await readGenuineToken(ctx, input.refreshToken);
  input.admit?.({ csrfDigest: session.csrf_hash?.toString('base64url'), tenantId: session.tenant_id });
  if (input.tenantId !== undefined && input.tenantId !== session.tenant_id) {
    throw new ConflictError('the session is in another tenant now');
  }
  const caller = { userId: session.user_id, tenantId: session.tenant_id, sessionId: session.id };
  const refreshed = await actingAs(caller, () =>
    ctx.database.tenant(session.tenant_id).write((tx) => takeToken(tx, ctx, token), {
      global: true,
      unaudited: 'a rotation changes nothing but the counter; the session and its end are audited',
    }),
  );
  if (refreshed === undefined) throw refused(ctx);
  const accessToken = await ctx.accessTokens.issue({
    ...caller,
    tokenEpoch: refreshed.tokenEpoch,
    accessVersion: refreshed.accessVersion,
    amr: refreshed.session.amr,
    acr: refreshed.session.acr,
    authTime: new Date(refreshed.session.auth_time),
    csrfHash: refreshed.session.csrf_hash,
  });
  return {
    accessToken,
    refreshToken: formatRefreshToken(session.id, refreshed.counter, macKey),
    expiresIn: ctx.accessTokens.lifetimeSeconds,
  };
}

/** The MAC is checked before anything is locked or changed: knowing a session id ends nobody's session. */
async function readGenuineToken(
  ctx: AuthContext,
  text: string,
): Promise<{ token: RefreshToken; session: SessionRow; macKey: Buffer }> {
  const token = parseRefreshToken(text);
  if (token === undefined) throw refused(ctx);
  const session = await ctx.database.global.read((tx) => findSession(tx, token.sessionId));
  if (session === undefined) throw refused(ctx);
  const macKey = await openSessionKey(ctx.secrets, session.id, session.mac_key_sealed).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'SECRET_UNREADABLE') throw refused(ctx, error);
    throw error;
  });
  if (!isGenuine(token, macKey)) throw refused(ctx);
  return { token, session, macKey };
}

/** Under the session's row lock; undefined when the token is refused. */
async function takeToken(tx: Tx<Tables>, ctx: AuthContext, token: RefreshToken): Promise<Refreshed | undefined> {
  const now = ctx.clock();
  const session = await lockSession(tx, token.sessionId);
  if (session === undefined || !isLive(session, now)) return undefined;
  const [tenant, user, member, accessVersion] = await Promise.all([
    findConfiguredTenant(tx, tx.tenantId),
    findUser(tx, session.user_id),
    findActiveMember(tx, session.user_id),
    getAccessVersion(tx),
  ]);
  if (user?.status !== 'active' || member === undefined) return undefined;
  if (tenant?.status === 'suspended')
    throw new PermissionError('the tenant is suspended', { code: 'TENANT_SUSPENDED' });
  if (tenant?.status !== 'active') return undefined;
  const { config } = tenant;
  const life = lifeIn(config, ctx.sessionLife);
  if (!isWithin(session, life, now)) return undefined;
  await requireSignIn(tx, { userId: user.id, config, member, session, maxAgeSeconds: life.maxSeconds, now });
  const counter = await rotate(tx, ctx, { token, session, life, now });
  return counter === undefined ? undefined : { counter, tokenEpoch: user.tokenEpoch, accessVersion, session };
}

/** The counter of the answer, or undefined after a reuse. */
async function rotate(
  tx: Tx<Tables>,
  ctx: AuthContext,
  { token, session, life, now }: { token: RefreshToken; session: SessionRow; life: SessionLife; now: Date },
): Promise<number | undefined> {
  const sinceRotationMs = now.getTime() - Date.parse(session.rotated_at);
  const rotation = decideRotation(token.counter, { counter: session.counter, sinceRotationMs });
  if (rotation.kind === 'reuse') {
    await endReusedSession(tx, ctx, session, { counter: token.counter, now });
    ctx.metrics.refresh('reused');
    return undefined;
  }
  if (rotation.kind !== 'repeat') {
    const idleExpiresAt = idleEnd(now, absoluteEndIn(session, life), life);
    await rotateSession(tx, session.id, { counter: rotation.counter, now, idleExpiresAt });
  }
  if (rotation.kind === 'resume') {
    tx.audit({
      action: 'auth:session:resume',
      resourceType: 'session',
      resourceId: session.id,
      before: { counter: session.counter },
      after: { counter: rotation.counter },
      reason: 'the token is newer than the database',
    });
  }
  ctx.metrics.refresh({ rotate: 'rotated', repeat: 'repeated', resume: 'resumed' }[rotation.kind] as 'rotated');
  return rotation.counter;
}

async function endReusedSession(
  tx: Tx<Tables>,
  ctx: AuthContext,
  session: SessionRow,
  { counter, now }: { counter: number; now: Date },
): Promise<void> {
  await markSessionEnded(tx, session.id, { reason: 'reuse', now, revocations: ctx.revocations });
  publish(tx, {
    type: 'idp.auth.v1.SessionReuseDetected',
    aggregateId: session.id,
    data: { sessionId: session.id, userId: session.user_id, detectedAt: timestampFromDate(now) },
  });
  tx.audit({
    action: 'auth:session:refresh',
    resourceType: 'session',
    resourceId: session.id,
    outcome: 'denied',
    after: { presentedCounter: counter, counter: session.counter },
    reason: 'an old refresh token was used again',
  });
}

function refused(ctx: AuthContext, cause?: unknown): AuthError {
  ctx.metrics.refresh('refused');
  return new AuthError('the refresh token is not valid', { code: 'INVALID_TOKEN', cause });
}
