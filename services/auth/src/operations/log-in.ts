import { hash, randomBytes } from 'node:crypto';
import { newId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { RateLimitError } from '@idp/errors';
import { publish } from '@idp/events';
import type { AuthContext } from '../context.ts';
import { idleEnd, sessionsPerUserMax } from '../domain/session-life.ts';
import { lifeIn } from '../domain/sign-in-demand.ts';
import { findActiveMember, getAccessVersion, touchUserTenant } from '../store/memberships.ts';
import { insertSession, listSurplusSessions } from '../store/sessions.ts';
import type { Tables } from '../store/tables.ts';
import { setPasswordHash } from '../store/users.ts';
import { formatRefreshToken } from '../tokens/refresh-token.ts';
import { makeSessionKey } from '../tokens/session-keys.ts';
import { actingAs } from './acting.ts';
import { endSession } from './end-session.ts';
import { requireSignIn } from './require-sign-in.ts';
import {
  accountNameOf,
  invalidCredentials,
  verifyCredentials,
  type Credentials,
  type VerifiedCredentials,
} from './verify-credentials.ts';

/** Where a request came from. */
export interface ClientInfo {
  ip?: string;
  userAgent?: string;
  /** What an earlier sign-in left on the device. */
  deviceProof?: string;
}

export interface TokenPair {
  accessToken: string;
  refreshToken: string;
  /** Seconds the access token lives. */
  expiresIn: number;
}

export interface SignIn extends TokenPair {
  /** To be sent back in `X-CSRF-Token`; only for tokens that go into cookies. */
  csrfToken?: string;
  user: { id: string; email: string; name: string };
  tenant: { id: string; slug: string; name: string };
  resolution: { tenantId: string; reason: VerifiedCredentials['reason'] };
  /** To be kept on the device; it opens nothing. */
  deviceProof: string;
}

const userAgentCharactersMax = 512;

/** Who signs in, from where, and how the tokens travel. */
export type SigningIn = Credentials & { client: ClientInfo; transport?: 'token' | 'cookie' };

/**
 * Signs a person in with a password: a new session and its first pair of tokens. Errors of `verifyCredentials`, 403 `SSO_REQUIRED` or
 * `STEP_UP_REQUIRED` where a password alone does not open the tenant, 503
 * `HASH_BUSY` before anything is read, and 429 `RATE_LIMIT_EXCEEDED` after too many failures.
 */
export async function logIn(ctx: AuthContext, input: SigningIn): Promise<SignIn> {
  const { ip, deviceProof } = input.client;
  const account = accountNameOf(input.email);
  const deviceId = await ctx.knownDevices.recognise(account, deviceProof);
  const who = { account, ...(ip !== undefined && { ip }), ...(deviceId !== undefined && { deviceId }) };
  const signIn = await ctx.throttle
    .attempt(who, () => ctx.passwords.admit(() => logInAdmitted(ctx, input)))
    .catch((error: unknown) => {
      if (error instanceof RateLimitError) ctx.metrics.login('throttled');
      throw error;
    });
  return { ...signIn, deviceProof: await ctx.knownDevices.prove(account, deviceId) };
}

async function logInAdmitted(ctx: AuthContext, input: SigningIn): Promise<Omit<SignIn, 'deviceProof'>> {
  const verified = await verifyCredentials(ctx, input);
  const { account, tenant, reason } = verified;
  const sessionId = newId();
  const { macKey, sealed } = await makeSessionKey(ctx.secrets, sessionId);
  const now = ctx.clock();
  const csrfToken = input.transport === 'cookie' ? randomBytes(32).toString('base64url') : undefined;
  const csrfHash = csrfToken === undefined ? null : hash('sha256', csrfToken, 'buffer');
  const opening = { sessionId, sealed, csrfHash, client: input.client, now };
  const accessVersion = await actingAs({ userId: account.id, tenantId: tenant.id, sessionId }, () =>
    ctx.database.tenant(tenant.id).write((tx) => openSession(tx, ctx, { ...opening, verified }), { global: true }),
  );
  await endSurplusSessions(ctx, account.id, now);
  ctx.metrics.login('succeeded');
  const accessToken = await ctx.accessTokens.issue({
    userId: account.id,
    tenantId: tenant.id,
    sessionId,
    tokenEpoch: account.tokenEpoch,
    accessVersion,
    amr: ['pwd'],
    acr: 'idp:aal1',
    authTime: now,
    csrfHash,
  });
  return {
    ...(csrfToken !== undefined && { csrfToken }),
    accessToken,
    refreshToken: formatRefreshToken(sessionId, 0, macKey),
    expiresIn: ctx.accessTokens.lifetimeSeconds,
    user: { id: account.id, email: account.email, name: account.name },
    tenant: { id: tenant.id, slug: tenant.slug, name: tenant.name },
    resolution: { tenantId: tenant.id, reason },
  };
}

interface Opening {
  sessionId: string;
  sealed: string;
  csrfHash: Buffer | null;
  client: ClientInfo;
  now: Date;
  verified: VerifiedCredentials;
}

/** Writes the session; answers the tenant's access version. */
async function openSession(
  tx: Tx<Tables>,
  { sessionLife }: Pick<AuthContext, 'sessionLife'>,
  { sessionId, sealed, csrfHash, client, now, verified }: Opening,
): Promise<number> {
  const { account, renewedPhc } = verified;
  const at = now.toISOString();
  const { config } = verified.tenant;
  const life = lifeIn(config, sessionLife);
  const member = await findActiveMember(tx, account.id);
  // The membership has ended while the password was hashed.
  if (member === undefined) throw invalidCredentials();
  await requireSignIn(tx, {
    userId: account.id,
    config,
    member,
    session: { amr: ['pwd'], acr: 'idp:aal1' },
    maxAgeSeconds: life.maxSeconds,
    now,
  });
  const absoluteEnd = new Date(now.getTime() + life.maxSeconds * 1000);
  const [accessVersion] = await Promise.all([
    getAccessVersion(tx),
    insertSession(tx, {
      id: sessionId,
      user_id: account.id,
      tenant_id: tx.tenantId,
      mac_key_sealed: sealed,
      csrf_hash: csrfHash,
      rotated_at: at,
      amr: ['pwd'],
      acr: 'idp:aal1',
      auth_time: at,
      ip: client.ip ?? null,
      user_agent: client.userAgent?.slice(0, userAgentCharactersMax) ?? null,
      last_seen_at: at,
      idle_expires_at: idleEnd(now, absoluteEnd, life).toISOString(),
      absolute_expires_at: absoluteEnd.toISOString(),
      created_at: at,
    }),
    touchUserTenant(tx, account.id, now),
    ...(renewedPhc === undefined ? [] : [setPasswordHash(tx, account.id, renewedPhc, now)]),
  ]);
  publish(tx, {
    type: 'idp.auth.v1.SessionCreated',
    aggregateId: sessionId,
    version: 1,
    data: {
      sessionId,
      userId: account.id,
      amr: ['pwd'],
      acr: 'idp:aal1',
      createdAt: timestampFromDate(now),
      expiresAt: timestampFromDate(absoluteEnd),
    },
  });
  tx.audit({
    action: 'auth:session:create',
    resourceType: 'session',
    resourceId: sessionId,
    after: { userId: account.id, amr: ['pwd'], acr: 'idp:aal1' },
  });
  return accessVersion;
}

/** At most 50 sessions a user: the oldest end, in whatever tenant they are. */
async function endSurplusSessions(ctx: AuthContext, userId: string, now: Date): Promise<void> {
  const surplus = await ctx.database.global.read((tx) =>
    listSurplusSessions(tx, userId, { kept: sessionsPerUserMax, now }),
  );
  for (const { id, tenantId } of surplus) await endSession(ctx, { sessionId: id, tenantId, reason: 'limit' });
}
