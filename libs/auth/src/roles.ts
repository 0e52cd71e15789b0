import { platformTenantId } from '@idp/contracts';

/** Tenant roles that every service's manifest may name, from the narrowest: each holds what those before it hold. */
export const systemRoles = ['viewer', 'member', 'tenant-admin', 'tenant-owner'] as const;
export type SystemRole = (typeof systemRoles)[number];

/** The lowest role of a manifest entry. */
export type ManifestRole = 'viewer' | 'member' | 'admin' | 'owner';

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
