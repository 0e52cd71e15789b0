import type { PermissionManifest } from './access.ts';
import type { RoleRecord } from './decision/model.ts';
import type { ManifestRole } from './roles.ts';

/** From the narrowest: each holds what those before it hold. */
const levels: readonly ManifestRole[] = ['viewer', 'member', 'admin', 'owner'];

interface SystemRoleDefinition {
  name: string;
  /** The widest manifest role whose permissions it holds. */
  holds: ManifestRole;
  platformOnly?: true;
}

/** Roles that every tenant has, by key; where one counts is said by the scope of its binding. */
const definitions: Readonly<Record<string, SystemRoleDefinition>> = {
  viewer: { name: 'Viewer', holds: 'viewer' },
  auditor: { name: 'Auditor', holds: 'viewer' },
  member: { name: 'Member', holds: 'member' },
  developer: { name: 'Developer', holds: 'member' },
  'team-maintainer': { name: 'Team maintainer', holds: 'member' },
  'project-admin': { name: 'Project administrator', holds: 'admin' },
  'organization-admin': { name: 'Organization administrator', holds: 'admin' },
  'organization-owner': { name: 'Organization owner', holds: 'owner' },
  'tenant-admin': { name: 'Tenant administrator', holds: 'admin' },
  'tenant-owner': { name: 'Tenant owner', holds: 'owner' },
  'platform-admin': { name: 'Platform administrator', holds: 'owner', platformOnly: true },
  'platform-auditor': { name: 'Platform auditor', holds: 'viewer', platformOnly: true },
};

/** The four that are the levels themselves: each has the one before it as its parent. */
const keyOfLevel: Readonly<Record<ManifestRole, string>> = {
  viewer: 'viewer',
  member: 'member',
  admin: 'tenant-admin',
  owner: 'tenant-owner',
};

/**
 * The system roles with what the manifests of all services give them, for the platform tenant's record. A permission belongs
 * to its lowest role and the wider ones, and to each role it names besides; equal manifests in any order give equal roles.
 */
export function systemRoleRecords(manifests: readonly PermissionManifest[]): ({ id: string } & RoleRecord)[] {
  const entries = manifests.flatMap((manifest) => Object.entries(manifest));
  return Object.entries(definitions).map(([id, { name, holds, platformOnly }]) => {
    const own = keyOfLevel[holds] === id;
    const below = levels[levels.indexOf(holds) - 1];
    const rules = entries
      .filter(
        ([, { role, roles = [] }]) =>
          roles.includes(id) || (own ? role === holds : levels.indexOf(role) <= levels.indexOf(holds)),
      )
      .map(([permission]) => ({ permission, effect: 'allow' as const }))
      .toSorted((a, b) => (a.permission < b.permission ? -1 : 1));
    return {
      id,
      name,
      rules,
      ...(own && below !== undefined && { parentRoleIds: [keyOfLevel[below]] }),
      ...(platformOnly === true && { platformOnly }),
    };
  });
}
