import { heldRoles, type AccessReader, type SystemRole } from '@idp/auth';
import type { Database } from '@idp/database';
import { LRUCache } from 'lru-cache';
import { listServiceAccountRoles } from '../store/credentials/service-accounts.ts';
import { listTenantRoles } from '../store/memberships.ts';
import { findTenant } from '../store/tenants.ts';
import { findUser } from '../store/users.ts';
import type { Tables } from '../store/tables.ts';

export interface LocalAccessReader extends AccessReader {
  /** Forgets what is known of one user in one tenant; called after a change has been committed. */
  forget(tenantId: string, userId: string): void;
  /** The same for everybody in the tenant. */
  forgetTenant(tenantId: string): void;
}

const freshMs = 1_000;

/**
 * Roles read from this service's own tables and kept for 1 s, so that a change reaches every process within a second;
 * a change made in this process shows at once. None for a disabled account, an ended membership, a deleted service
 * account, a suspended tenant or a service of the platform.
 */
export function createAccessReader(options: { database: Database<Tables>; clock: () => Date }): LocalAccessReader {
  const { database, clock } = options;
  const known = new LRUCache<string, Promise<readonly SystemRole[]>>({ max: 10_000, ttl: freshMs, ttlResolution: 0 });

  async function read(tenantId: string, userId: string): Promise<readonly SystemRole[]> {
    return database.tenant(tenantId).read(
      async (tx) => {
        const [tenant, user, roles] = await Promise.all([
          findTenant(tx, tenantId),
          findUser(tx, userId),
          listTenantRoles(tx, userId, clock()),
        ]);
        return tenant?.status === 'active' && user?.status === 'active' ? heldRoles(tenantId, roles) : [];
      },
      { global: true },
    );
  }

  async function readServiceAccount(tenantId: string, id: string): Promise<readonly SystemRole[]> {
    return database.tenant(tenantId).read(
      async (tx) => {
        const [tenant, roles] = await Promise.all([findTenant(tx, tenantId), listServiceAccountRoles(tx, id, clock())]);
        return tenant?.status === 'active' ? heldRoles(tenantId, roles) : [];
      },
      { global: true },
    );
  }

  return {
    rolesOf(principal) {
      if (principal.id.startsWith('service:')) return Promise.resolve([]);
      const key = `${principal.tenantId}|${principal.id}`;
      const cached = known.get(key);
      if (cached !== undefined) return cached;
      const reading = (principal.type === 'user' ? read : readServiceAccount)(principal.tenantId, principal.id);
      known.set(key, reading);
      reading.catch(() => known.delete(key));
      return reading;
    },
    forget: (tenantId, userId) => void known.delete(`${tenantId}|${userId}`),
    forgetTenant(tenantId) {
      for (const key of known.keys()) if (key.startsWith(`${tenantId}|`)) known.delete(key);
    },
  };
}
