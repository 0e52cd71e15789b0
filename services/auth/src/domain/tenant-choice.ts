import type { TenantStatus } from './states.ts';
import type { TenantConfig } from './tenant-config.ts';

export interface TenantOption {
  id: string;
  slug: string;
  name: string;
  status: TenantStatus;
  lastUsedAt: string;
  config: TenantConfig;
}

export type TenantChoice =
  | { kind: 'chosen'; tenant: TenantOption; reason: 'request' | 'last-used' | 'only' }
  | { kind: 'suspended' }
  | { kind: 'none' };

/**
 * The tenant a sign-in is for, among those the user is an active member of. A request names it by slug or id; without
 * one it is the only tenant, or the one used last. The platform tenant must be named. Times are ISO text.
 */
export function chooseTenant(
  options: readonly TenantOption[],
  wanted: { requested?: string; platformTenantId: string },
): TenantChoice {
  const { requested, platformTenantId } = wanted;
  const candidates =
    requested === undefined
      ? options.filter((option) => option.id !== platformTenantId)
      : options.filter((option) => option.slug === requested || option.id === requested);
  const active = candidates.filter((option) => option.status === 'active');
  const [tenant] = active.toSorted((a, b) => Date.parse(b.lastUsedAt) - Date.parse(a.lastUsedAt));
  if (tenant === undefined) {
    return { kind: candidates.some((option) => option.status === 'suspended') ? 'suspended' : 'none' };
  }
  if (requested !== undefined) return { kind: 'chosen', tenant, reason: 'request' };
  return { kind: 'chosen', tenant, reason: active.length === 1 ? 'only' : 'last-used' };
}
