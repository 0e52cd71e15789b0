import type { AccessPort } from '@idp/auth';

/** Whose pages may call from another origin (`scheme://host:port`): what tenants have registered, compared exactly. */
export interface Origins {
  /** Registered by any tenant; all that can be asked before the caller is known. */
  any(origin: string): boolean;
  of(tenantId: string, origin: string): boolean;
}

export const noOrigins: Origins = { any: () => false, of: () => false };

export function originsOf(access: AccessPort): Origins {
  return {
    any: (origin) => access.hasOrigin?.(origin) === true,
    of: (tenantId, origin) => access.world(tenantId)?.tenant.origins?.includes(origin) === true,
  };
}
