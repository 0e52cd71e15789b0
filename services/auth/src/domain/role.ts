import { systemRoles, type SystemRole } from '@idp/auth';

/** System roles that exist in the platform tenant alone. */
const platformRoles = ['platform-admin', 'platform-auditor'] as const;
type PlatformRole = (typeof platformRoles)[number];

/** A role that a binding may name now: roles of a tenant's own come later. */
export type RoleKey = SystemRole | PlatformRole;

const roleKeys: readonly string[] = [...systemRoles, ...platformRoles];

export function isRoleKey(text: string): text is RoleKey {
  return roleKeys.includes(text);
}
