import type { Principal } from '@idp/auth';
import { AuthError } from '@idp/errors';
import type { AuthContext } from '../../context.ts';
import { isLive } from '../../domain/session-life.ts';
import { getAccessVersion } from '../../store/memberships.ts';
import { lockSession, renewAuthTime } from '../../store/sessions.ts';
import type { ClientInfo, TokenPair } from '../log-in.ts';
import { confirmPassword } from './confirm-password.ts';
import { ownSessionId } from './own-session.ts';

/**
 * An access token of the same session that says the person has just proved who they are. Errors of `confirmPassword`; 401 `INVALID_TOKEN`
 * when the session has ended meanwhile.
 */
export async function reauthenticate(
  ctx: AuthContext,
  input: { principal: Principal; password: string; client: ClientInfo },
): Promise<Omit<TokenPair, 'refreshToken'>> {
  const { principal } = input;
  const sessionId = ownSessionId(principal);
  const account = await confirmPassword(ctx, input);
  const now = ctx.clock();
  const { session, accessVersion } = await ctx.database.tenant(principal.tenantId).write(
    async (tx) => {
      const [found, version] = await Promise.all([lockSession(tx, sessionId), getAccessVersion(tx)]);
      if (found === undefined || found.tenant_id !== principal.tenantId || !isLive(found, now)) {
        throw new AuthError('the session has ended', { code: 'INVALID_TOKEN' });
      }
      await renewAuthTime(tx, sessionId, now);
      tx.audit({
        action: 'auth:session:reauthenticate',
        resourceType: 'session',
        resourceId: sessionId,
        before: { authTime: found.auth_time },
        after: { authTime: now.toISOString() },
      });
      return { session: found, accessVersion: version };
    },
    { global: true },
  );
  const accessToken = await ctx.accessTokens.issue({
    userId: account.id,
    tenantId: principal.tenantId,
    sessionId,
    tokenEpoch: account.tokenEpoch,
    accessVersion,
    amr: session.amr,
    acr: session.acr,
    authTime: now,
    csrfHash: session.csrf_hash,
  });
  return { accessToken, expiresIn: ctx.accessTokens.lifetimeSeconds };
}
