/** Origins of all tenants, so that one is found without asking every tenant. */
export interface OriginCount {
  set(tenantId: string, origins: readonly string[] | undefined): void;
  has(origin: string): boolean;
}

export function createOriginCount(): OriginCount {
  const byTenant = new Map<string, readonly string[]>();
  const tenants = new Map<string, number>();

  function count(origins: readonly string[], step: 1 | -1): void {
    for (const origin of new Set(origins)) {
      const left = (tenants.get(origin) ?? 0) + step;
      if (left === 0) tenants.delete(origin);
      else tenants.set(origin, left);
    }
  }

  return {
    set(tenantId, origins = []) {
      const before = byTenant.get(tenantId) ?? [];
      if (before === origins) return;
      count(before, -1);
      count(origins, 1);
      if (origins.length === 0) byTenant.delete(tenantId);
      else byTenant.set(tenantId, origins);
    },
    has: (origin) => tenants.has(origin),
  };
}
