import { systemRoles, type SystemRole } from '@idp/auth';
import { platformTenantId } from '@idp/contracts';
import type { RoleKey } from './role.ts';

/** The role whose last active holder nobody can take away. */
export function ownerRoleOf(tenantId: string): RoleKey {
  return tenantId === platformTenantId ? 'platform-admin' : 'tenant-owner';
}

/** Whether a role can be held in the whole of this tenant. */
export function isTenantRole(tenantId: string, role: RoleKey): boolean {
  return (tenantId === platformTenantId) === role.startsWith('platform-');
}

/** What the other system roles give where they are held, compared with the roles of the whole tenant. */
const equals: Readonly<Record<string, SystemRole>> = {
  auditor: 'tenant-admin',
  developer: 'member',
  'team-maintainer': 'member',
  'project-admin': 'tenant-admin',
  'organization-admin': 'tenant-admin',
  'organization-owner': 'tenant-owner',
  'platform-auditor': 'viewer',
  'platform-admin': 'tenant-owner',
};

/** Whether somebody who holds `held` in the whole tenant holds everything that `role` gives. */
export function coversRole(held: readonly SystemRole[], role: string): boolean {
  const wanted = systemRoles.indexOf(Object.hasOwn(equals, role) ? equals[role]! : (role as SystemRole));
  return wanted >= 0 && held.some((one) => systemRoles.indexOf(one) >= wanted);
}

/** Roles that can be given in one organization. */
export const organizationRoles = ['viewer', 'member', 'organization-admin', 'organization-owner'] as const;
export type OrganizationRole = (typeof organizationRoles)[number];
