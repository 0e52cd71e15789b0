import { timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { publish } from '@idp/events';
import type { AuthContext } from '../context.ts';
import type { RevocationReason } from '../domain/states.ts';
import { revokeSession } from '../store/sessions.ts';
import type { Tables } from '../store/tables.ts';

/** Ends a session of the tenant; one that has ended already, or is none, changes nothing. */
export async function endSession(
  ctx: Pick<AuthContext, 'database' | 'clock' | 'revocations'>,
  { sessionId, tenantId, reason }: { sessionId: string; tenantId: string; reason: RevocationReason },
): Promise<void> {
  await ctx.database
    .tenant(tenantId)
    .write((tx) => markSessionEnded(tx, sessionId, { reason, now: ctx.clock(), revocations: ctx.revocations }), {
      global: true,
    });
}

/** The same inside a transaction of the session's tenant. */
export async function markSessionEnded(
  tx: Tx<Tables>,
  sessionId: string,
  { reason, now, revocations }: { reason: RevocationReason; now: Date; revocations: AuthContext['revocations'] },
): Promise<void> {
  const ended = await revokeSession(tx, sessionId, { reason, now });
  if (ended === undefined) return;
  revocations.revoke(tx, { kind: 'session', id: sessionId });
  publish(tx, {
    type: 'idp.auth.v1.SessionRevoked',
    aggregateId: sessionId,
    version: ended.version,
    data: { sessionId, userId: ended.userId, reason, revokedAt: timestampFromDate(now) },
  });
  tx.audit({
    action: 'auth:session:end',
    resourceType: 'session',
    resourceId: sessionId,
    before: { userId: ended.userId, revoked: false },
    after: { userId: ended.userId, revoked: true, reason },
  });
}
