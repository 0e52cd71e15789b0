import { createTokenVerifier, type Principal } from '@idp/auth';
import { AuthError } from '@idp/errors';
import { decodeJwt } from 'jose';
import type { AuthContext } from '../../context.ts';
import { isLive } from '../../domain/session-life.ts';
import { isActiveMember } from '../../store/memberships.ts';
import { findSession } from '../../store/sessions.ts';
import { findTenant } from '../../store/tenants.ts';
import { findUser } from '../../store/users.ts';

/**
 * Judges access tokens of people by the database: what any process verifies, and that session, account, membership and tenant behind it are
 * alive at this moment. 401 `INVALID_TOKEN` without detail for every other token, those of keys and services included.
 */
export function createSessionValidator({
  database,
  clock,
  signingKeys,
  revocations,
  publicUrl,
}: Pick<AuthContext, 'database' | 'clock' | 'signingKeys' | 'revocations' | 'publicUrl'>): (
  token: string,
) => Promise<Principal> {
  const jwks = { keys: () => signingKeys.published() };
  const verifier = createTokenVerifier({
    issuer: publicUrl,
    audience: `${publicUrl}/api`,
    jwks,
    revocations,
    clock,
  });

  return async (token) => {
    const principal = await verifier.verify(token);
    const { id, tenantId, sessionId } = principal;
    if (principal.type !== 'user' || sessionId === undefined) throw refused();
    const [session, user, member, tenant] = await database
      .tenant(tenantId)
      .read(
        (tx) =>
          Promise.all([findSession(tx, sessionId), findUser(tx, id), isActiveMember(tx, id), findTenant(tx, tenantId)]),
        { global: true },
      );
    const alive =
      session !== undefined &&
      session.user_id === id &&
      isLive(session, clock()) &&
      user?.status === 'active' &&
      Number(decodeJwt(token)['ep']) >= user.tokenEpoch &&
      member &&
      tenant?.status === 'active';
    if (!alive) throw refused();
    return principal;
  };
}

function refused(): AuthError {
  return new AuthError('the access token is not valid', { code: 'INVALID_TOKEN' });
}
