import type { Principal } from '@idp/auth';
import type { AuthContext } from '../context.ts';
import { endSession } from './end-session.ts';

/** Ends the session behind the token; doing so twice is no error. Credentials without a session have nothing to end. */
export async function logOut(
  ctx: Pick<AuthContext, 'database' | 'clock' | 'revocations'>,
  principal: Principal,
): Promise<void> {
  const { sessionId, tenantId } = principal;
  if (sessionId !== undefined) await endSession(ctx, { sessionId, tenantId, reason: 'logout' });
}
