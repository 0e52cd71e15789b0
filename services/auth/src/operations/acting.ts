import { currentContext, runInContext } from '@idp/telemetry';

/** Runs `fn` so that audit rows and events name this user: a sign-in is made by the person it lets in. */
export function actingAs<T>(user: { userId: string; tenantId: string; sessionId: string }, fn: () => T): T {
  const context = currentContext();
  if (context === undefined) return fn();
  const { userId, tenantId, sessionId } = user;
  return runInContext({ ...context, actor: `user:${userId}`, tenantId, sessionId }, fn);
}

/** Who is acting: the principal of the request, or this service at start and in scripts. */
export function currentActor(): string {
  return currentContext()?.actor ?? 'service:auth';
}
