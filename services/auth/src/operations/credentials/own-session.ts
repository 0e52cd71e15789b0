import type { Principal } from '@idp/auth';
import { PermissionError } from '@idp/errors';

/** The session of a person; 403 for keys and services: what only a person may do of its own account, no program does for it. */
export function ownSessionId(principal: Principal): string {
  if (principal.type === 'user' && principal.sessionId !== undefined) return principal.sessionId;
  throw new PermissionError('only somebody who is signed in may do this');
}
