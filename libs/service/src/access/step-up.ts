import type { AuthContextClass, Principal } from '@idp/auth';
import { PermissionError } from '@idp/errors';

/** How recently, and how strongly, a person must have proved who they are. */
export interface StepUp {
  /** Longest time since then, in seconds. */
  maxAgeSeconds: number;
  /** Default `idp:aal1`. */
  acr?: AuthContextClass;
}

const strength: Record<AuthContextClass, number> = { 'idp:aal1': 0, 'idp:aal2': 1, 'idp:phr': 2 };

/**
 * 403 `STEP_UP_REQUIRED` unless the principal's sign-in is fresh and strong enough; `details` and the challenge say what is needed
 * (RFC 9470 §3). Credentials without a person behind them, API keys and services, never are.
 */
export function requireStepUp(
  principal: Pick<Principal, 'sessionId' | 'authTime' | 'acr'>,
  { maxAgeSeconds, acr = 'idp:aal1' }: StepUp,
  now: Date,
): void {
  const ageSeconds = Math.floor(now.getTime() / 1000) - principal.authTime;
  const strong = strength[principal.acr] >= strength[acr];
  if (principal.sessionId !== undefined && strong && ageSeconds <= maxAgeSeconds) return;
  throw stepUpRequired({ acr, maxAgeSeconds });
}

/** 403 `STEP_UP_REQUIRED` with the same details and challenge, for an operation that finds it out by itself. */
export function stepUpRequired({ maxAgeSeconds, acr = 'idp:aal1' }: StepUp): PermissionError {
  return new PermissionError('a fresher or stronger sign-in is required', {
    code: 'STEP_UP_REQUIRED',
    details: { acr, maxAgeSeconds },
    headers: {
      'www-authenticate': `Bearer error="insufficient_user_authentication", error_description="a fresher or stronger sign-in is required", acr_values="${acr}", max_age="${maxAgeSeconds}"`,
    },
  });
}
