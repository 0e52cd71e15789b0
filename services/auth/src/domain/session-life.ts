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

/** What of a session says how long it lives. */
interface Living {
  revoked_at: string | null;
  idle_expires_at: string;
  absolute_expires_at: string;
}

/** Whether a session may still be refreshed at `now`; each end counts from its very instant. */
export function isLive(session: Living, now: Date): boolean {
  const at = now.getTime();
  return (
    session.revoked_at === null &&
    at < Date.parse(session.idle_expires_at) &&
    at < Date.parse(session.absolute_expires_at)
  );
}

/** Whether the limits of a tenant, which may have become stricter since, let a session go on: idle from its last rotation, in all from the last proof. */
export function isWithin(
  session: { rotated_at: string; auth_time: string },
  { idleSeconds, maxSeconds }: SessionLife,
  now: Date,
): boolean {
  const at = now.getTime();
  return (
    at < Date.parse(session.rotated_at) + idleSeconds * 1000 && at < Date.parse(session.auth_time) + maxSeconds * 1000
  );
}

/** The absolute end of a session in a tenant with these limits; a tenant brings it nearer, never further away. */
export function absoluteEndIn(
  session: { auth_time: string; absolute_expires_at: string },
  { maxSeconds }: Pick<SessionLife, 'maxSeconds'>,
): Date {
  return new Date(Math.min(Date.parse(session.absolute_expires_at), Date.parse(session.auth_time) + maxSeconds * 1000));
}
