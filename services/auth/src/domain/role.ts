import { systemRoles, type SystemRole } from '@idp/auth';

/** System roles that exist in the platform tenant alone. */
const platformRoles = ['platform-admin', 'platform-auditor'] as const;
type PlatformRole = (typeof platformRoles)[number];

/** A role that somebody can hold in a whole tenant without anybody having made it. */
export type RoleKey = SystemRole | PlatformRole;

const roleKeys: readonly string[] = [...systemRoles, ...platformRoles];

export function isRoleKey(text: string): text is RoleKey {
  return roleKeys.includes(text);
}

/** Whether a role is one that a tenant has made: those have a UUID, system roles a key. */
export function isOwnRole(roleId: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(roleId);
}
