import type { DecisionPrincipal } from './model.ts';
import { anyCovers } from './roles/pattern.ts';

/** A scope names permissions, or their beginning up to a final `*`; no scope at all bounds nothing. */
export function scopeCovers(scope: string | undefined, permission: string): boolean {
  return scope === undefined || anyCovers(scope.split(' '), permission);
}

/** Whether the credential may be used for the permission (or for all that a pattern can name), whatever its owner holds. */
export function boundsCover({ scope, keyScopes }: DecisionPrincipal, permission: string): boolean {
  return scopeCovers(scope, permission) && (keyScopes === undefined || anyCovers(keyScopes, permission));
}
