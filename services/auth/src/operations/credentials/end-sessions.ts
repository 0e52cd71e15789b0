import type { AuthContext } from '../../context.ts';
import type { RevocationReason } from '../../domain/states.ts';
import { liveSessionsQuery } from '../../store/sessions.ts';
import { endSession } from '../end-session.ts';

/** Ends live sessions of a user, in one tenant or in all, but for `keep`. Each is ended in its own tenant. */
export async function endSessionsOf(
  ctx: Pick<AuthContext, 'database' | 'clock' | 'revocations'>,
  which: { userId: string; tenantId?: string; keep?: string; reason: RevocationReason },
): Promise<void> {
  const { userId, tenantId, keep, reason } = which;
  const filter = { userId, now: ctx.clock(), ...(tenantId !== undefined && { tenantId }) };
  const sessions = await ctx.database.global.read((tx) => liveSessionsQuery(tx, filter).orderBy('id').execute());
  for (const session of sessions) {
    if (session.id === keep) continue;
    await endSession(ctx, { sessionId: session.id, tenantId: session.tenant_id, reason });
  }
}

/** Ends one live session of the user, whatever tenant it is in; false when there is none of that id. */
export async function endOwnSession(
  ctx: Pick<AuthContext, 'database' | 'clock' | 'revocations'>,
  { userId, sessionId }: { userId: string; sessionId: string },
): Promise<boolean> {
  const session = await ctx.database.global.read((tx) =>
    liveSessionsQuery(tx, { userId, now: ctx.clock() }).where('id', '=', sessionId).executeTakeFirst(),
  );
  if (session === undefined) return false;
  await endSession(ctx, { sessionId, tenantId: session.tenant_id, reason: 'user' });
  return true;
}
