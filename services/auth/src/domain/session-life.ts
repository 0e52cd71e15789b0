/** How long a session lives: refreshing moves the idle end, never beyond the absolute one. Seconds. */
export interface SessionLife {
  idleSeconds: number;
  maxSeconds: number;
}

/** Most live sessions of one user; signing in once more ends the oldest. */
export const sessionsPerUserMax = 50;

/** When an unused session ends, counted from `now`. */
export function idleEnd(now: Date, absoluteEnd: Date, { idleSeconds }: Pick<SessionLife, 'idleSeconds'>): Date {
  return new Date(Math.min(now.getTime() + idleSeconds * 1000, absoluteEnd.getTime()));
}

/** Whether a session may still be refreshed at `now`; each end counts from its very instant. */
export function isLive(
  session: { revoked_at: string | null; idle_expires_at: string; absolute_expires_at: string },
  now: Date,
): boolean {
  const at = now.getTime();
  return (
    session.revoked_at === null &&
    at < Date.parse(session.idle_expires_at) &&
    at < Date.parse(session.absolute_expires_at)
  );
}
