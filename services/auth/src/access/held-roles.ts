import { heldRoles, type Principal, type SystemRole } from '@idp/auth';
import type { Tx } from '@idp/database';
import { listServiceAccountRoles } from '../store/credentials/service-accounts.ts';
import { listTenantRoles } from '../store/memberships.ts';
import { findTenant } from '../store/tenants.ts';
import { findUser } from '../store/users.ts';
import type { Tables } from '../store/tables.ts';

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
