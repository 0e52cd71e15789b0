import { platformTenantId } from '@idp/contracts';

/** Tenant roles that every service's manifest may name, from the narrowest: each holds what those before it hold. */
export const systemRoles = ['viewer', 'member', 'tenant-admin', 'tenant-owner'] as const;
export type SystemRole = (typeof systemRoles)[number];

/** The lowest role of a manifest entry. */
export type ManifestRole = 'viewer' | 'member' | 'admin' | 'owner';

const lowest: Record<ManifestRole, SystemRole> = {
  viewer: 'viewer',
  member: 'member',
  admin: 'tenant-admin',
  owner: 'tenant-owner',
};

/** True where one of `roles` is the manifest's role or a wider one: viewer ⊂ member ⊂ admin ⊂ owner. */
export function rolesInclude(roles: readonly SystemRole[], required: ManifestRole): boolean {
  const rank = systemRoles.indexOf(lowest[required]);
  return roles.some((role) => systemRoles.indexOf(role) >= rank);
}

function isSystemRole(text: string): text is SystemRole {
  return (systemRoles as readonly string[]).includes(text);
}

/** What the roles that exist in the platform tenant alone hold there. */
const platformRoles: Readonly<Record<string, SystemRole>> = {
  'platform-admin': 'tenant-owner',
  'platform-auditor': 'viewer',
};

/** The system roles behind the role keys somebody has in a tenant; keys that mean nothing there are left out. */
export function heldRoles(tenantId: string, keys: readonly string[]): SystemRole[] {
  const known = tenantId === platformTenantId ? platformRoles : {};
  return keys.map((key) => (Object.hasOwn(known, key) ? known[key]! : key)).filter(isSystemRole);
}
