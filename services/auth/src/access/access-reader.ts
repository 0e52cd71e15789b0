import { heldRoles, type AccessReader, type Principal, type SystemRole } from '@idp/auth';
import type { Database, Tx } from '@idp/database';
import { LRUCache } from 'lru-cache';
import { listServiceAccountRoles } from '../store/credentials/service-accounts.ts';
import { listTenantRoles } from '../store/memberships.ts';
import { findTenant } from '../store/tenants.ts';
import { findUser } from '../store/users.ts';
import type { Tables } from '../store/tables.ts';
import type { AccessSnapshot } from './snapshot.ts';

export interface LocalAccessReader extends AccessReader {
  /** What every change of access is compiled into. */
  snapshot: AccessSnapshot;
  /** Forgets the roles of everybody in a tenant; called after a change has been committed. */
  forgetTenant(tenantId: string): void;
}

const freshMs = 1_000;

type RoleHolder = Pick<Principal, 'type' | 'id' | 'tenantId'>;

const isPlatformService = ({ id }: RoleHolder): boolean => id.startsWith('service:');

/**
 * Roles of a principal of the transaction's tenant as the transaction sees them, which must see the global tables. None for a
 * disabled account, an ended membership, a deleted service account, a suspended tenant or a service of the platform.
 */
export async function listHeldRoles(tx: Tx<Tables>, principal: RoleHolder, now: Date): Promise<readonly SystemRole[]> {
  if (isPlatformService(principal)) return [];
  const { type, id, tenantId } = principal;
  const isUser = type === 'user';
  const [tenant, user, roles] = await Promise.all([
    findTenant(tx, tenantId),
    isUser ? findUser(tx, id) : undefined,
    isUser ? listTenantRoles(tx, id, now) : listServiceAccountRoles(tx, id, now),
  ]);
  const active = tenant?.status === 'active' && (!isUser || user?.status === 'active');
  return active ? heldRoles(tenantId, roles) : [];
}

/**
 * Roles read from this service's own tables and kept for 1 s, so that a change reaches every process within a second;
 * a change made in this process shows at once.
 */
export function createAccessReader(options: {
  database: Database<Tables>;
  clock: () => Date;
  snapshot: AccessSnapshot;
}): LocalAccessReader {
  const { database, clock, snapshot } = options;
  const known = new LRUCache<string, Promise<readonly SystemRole[]>>({ max: 10_000, ttl: freshMs, ttlResolution: 0 });

  function read(principal: RoleHolder): Promise<readonly SystemRole[]> {
    const { tenantId } = principal;
    return database.tenant(tenantId).read((tx) => listHeldRoles(tx, principal, clock()), { global: true });
  }

  return {
    snapshot,
    rolesOf(principal) {
      if (isPlatformService(principal)) return Promise.resolve([]);
      const key = `${principal.tenantId}|${principal.id}`;
      const cached = known.get(key);
      if (cached !== undefined) return cached;
      const reading = read(principal);
      known.set(key, reading);
      reading.catch(() => known.delete(key));
      return reading;
    },
    forgetTenant(tenantId) {
      for (const key of known.keys()) if (key.startsWith(`${tenantId}|`)) known.delete(key);
    },
  };
}
