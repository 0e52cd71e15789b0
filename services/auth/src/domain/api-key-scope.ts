import { scopeCovers } from '@idp/auth';

/** What a key may at most do: `*`, `<service>:*`, `<service>:<resource>:*` or one permission. */
export const apiKeyScope = /^(\*|[a-z][a-z0-9-]*:(\*|[a-z][a-z0-9-]*:(\*|[a-z][a-z0-9-]*)))$/;

/** The first of `wanted` that lies outside of `held`; undefined when all lie inside. `held` undefined holds everything. */
export function scopeOutside(wanted: readonly string[], held: readonly string[] | undefined): string | undefined {
  if (held === undefined) return undefined;
  const bound = held.join(' ');
  return wanted.find((scope) => !scopeCovers(bound, scope));
}
