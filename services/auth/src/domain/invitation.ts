import type { RoleKey } from './role.ts';
import type { OrganizationRole } from './tenant-roles.ts';

/** How long an invitation can be answered. */
export const invitationLifeMs = 7 * 86_400_000;

/** Roles an invitation can give: one of the whole tenant, or one of the organization that invites. */
export const invitedRoles = [
  'viewer',
  'member',
  'tenant-admin',
  'tenant-owner',
  'organization-admin',
  'organization-owner',
] as const;
export type InvitedRole = (typeof invitedRoles)[number];

/**
 * What the invited person holds afterwards: everybody in a tenant holds a role in all of it, and one in the organization
 * that makes it a member there.
 */
export function rolesOfInvited(role: InvitedRole): { tenant: RoleKey; organization: OrganizationRole } {
  switch (role) {
    case 'viewer':
      return { tenant: 'viewer', organization: 'viewer' };
    case 'organization-admin':
    case 'organization-owner':
      return { tenant: 'member', organization: role };
    default:
      return { tenant: role, organization: 'member' };
  }
}
