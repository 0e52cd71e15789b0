import { randomUUID } from 'node:crypto';
import { freshName } from '../../src/hostile/openapi/sample.ts';
import type { Arrangement } from '../../src/hostile/target.ts';
import type { Tenant } from './people.ts';
import type { Platform } from './platform.ts';

/** Tenants as objects. What a request stops, closes or takes back is a tenant made for it. */
export function tenantArrangements(platform: Platform, tenant: Tenant): Record<string, Arrangement> {
  const intruder = `owner${tenant.letter}`;
  const own = () => ({ path: { id: tenant.id } });
  const shown = () => `${freshName()} ${tenant.canary}`;
  const insert = async (status: string): Promise<{ id: string; slug: string }> => {
    const [id, slug] = [randomUUID(), freshName()];
    await platform.sql(
      `insert into auth.tenants (id, slug, name, status, delete_after, created_by, updated_by)
       values ($1, $2, 'Somebody', $3, case when $3 = 'deleting' then now() + interval '30 days' end, 'user:test', 'user:test')`,
      [id, slug, status],
    );
    return { id, slug };
  };
  const step = (status: string): Arrangement => ({
    as: 'operator',
    intruder,
    platform: true,
    request: async () => ({ path: { id: (await insert(status)).id }, body: {} }),
    storesNothing: true,
  });
  return {
    createTenant: {
      as: 'operator',
      intruder,
      platform: true,
      request: () => ({ body: { slug: freshName(), name: shown(), ownerEmail: `${freshName()}@example.com` } }),
      canonical: ['ownerEmail'],
      repeatable: ['name', 'region', 'tier', 'ownerEmail'],
    },
    getTenant: { request: own },
    getTenantConfig: { request: own },
    getTenantProvisioning: { request: own },
    getTenantIsolation: { request: own },
    // Tier and region are the platform's to change.
    updateTenant: { as: 'operator', intruder, request: () => ({ ...own(), body: { name: shown() } }) },
    updateTenantConfig: { request: () => ({ ...own(), body: { session: { idleSeconds: 86_400 } } }) },
    switchTenant: { request: own },
    suspendTenant: step('active'),
    resumeTenant: step('suspended'),
    restoreTenant: step('deleting'),
    deleteTenant: {
      as: 'fresh:operator',
      intruder,
      async request() {
        const { id, slug } = await insert('active');
        return { path: { id }, query: { slug } };
      },
      misses: { slug: 422 },
    },
  };
}
