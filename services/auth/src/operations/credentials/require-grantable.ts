import type { Principal } from '@idp/auth';
import { PermissionError, UnprocessableError, ValidationError } from '@idp/errors';
import type { Tx } from '@idp/database';
import type { AuthContext } from '../../context.ts';
import { scopeOutside } from '../../domain/api-key-scope.ts';
import { authPermissions } from '../../permissions.ts';
import { findApiKey } from '../../store/credentials/api-keys.ts';
import type { Tables } from '../../store/tables.ts';

const lifeMaxMs = 366 * 86_400_000;

/** The bounds of a key that somebody asks for. */
export interface KeyBounds {
  scopes: readonly string[];
  expiresAt: Date;
  ipAllow: readonly string[];
}

/**
 * No credential makes a key that may do more than itself: 403 `SCOPE_ESCALATION` names the first scope too many; 400 for an end in the past
 * or more than 366 days away. A key makes no key that lives longer or may be used from more places.
 */
export async function requireGrantable(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'clock'>,
  principal: Principal,
  { scopes, expiresAt, ipAllow }: KeyBounds,
): Promise<void> {
  const lifeMs = expiresAt.getTime() - ctx.clock().getTime();
  if (lifeMs <= 0 || lifeMs > lifeMaxMs) {
    const issues = [{ path: 'body.expiresAt', message: 'must lie in the next 366 days' }];
    throw new ValidationError('a key must end within 366 days', { issues });
  }
  requireInside(scopes, principal.scope?.split(' '));
  if (principal.keyId === undefined) return;
  const own = await findApiKey(tx, principal.keyId);
  const longer = own === undefined || expiresAt.getTime() > Date.parse(own.expires_at);
  const freer = own !== undefined && own.ip_allow.length > 0 && !isWithin(ipAllow, own.ip_allow);
  if (longer || freer) {
    throw new PermissionError('a key makes no key that is wider than itself', { code: 'SCOPE_ESCALATION' });
  }
}

/** 403 `SCOPE_ESCALATION` for a scope outside of `held`. */
export function requireInside(scopes: readonly string[], held: readonly string[] | undefined): void {
  const outside = scopeOutside(scopes, held);
  if (outside !== undefined) throw escalation(outside);
}

/**
 * Nobody puts into a key what they do not hold: 403 `SCOPE_ESCALATION`; 422 `UNKNOWN_PERMISSION` for a permission that auth would have to know.
 * Whole families of permissions need no check: a key never does what its owner may not do at the time. Asked before the transaction.
 */
export async function requireHeld(
  { decisions }: Pick<AuthContext, 'decisions'>,
  principal: Principal,
  scopes: readonly string[],
): Promise<void> {
  for (const scope of scopes) {
    if (!scope.startsWith('auth:') || scope.endsWith('*') || scope.startsWith('auth:ops:')) continue;
    if (!Object.hasOwn(authPermissions, scope)) {
      throw new UnprocessableError(`the permission ${scope} does not exist`, { code: 'UNKNOWN_PERMISSION' });
    }
    if (!(await decisions.allows(principal, scope))) throw escalation(scope);
  }
}

function escalation(permission: string): PermissionError {
  return new PermissionError(`${permission} is more than you hold`, {
    code: 'SCOPE_ESCALATION',
    details: { permission },
  });
}

function isWithin(wanted: readonly string[], allowed: readonly string[]): boolean {
  return wanted.length > 0 && wanted.every((entry) => allowed.includes(entry));
}
