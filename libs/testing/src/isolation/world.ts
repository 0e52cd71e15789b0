import type { Fixture, Target } from '../hostile/target.ts';

/** One of the two tenants, as its owner sees the platform. */
export interface TenantSide {
  tenantId: string;
  /** Text that stands in descriptions of this tenant and is never sent by anybody else. */
  canary: string;
  /** Credentials and valid requests of this tenant. */
  fixture: Fixture;
}

/** Two tenants of the same shape on one platform. */
export interface TwoTenants {
  targets: readonly Target[];
  a: TenantSide;
  b: TenantSide;
}
