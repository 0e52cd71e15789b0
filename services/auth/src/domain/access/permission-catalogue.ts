import {
  createConditionCompiler,
  patternCovers,
  systemRoleRecords,
  type CompileCondition,
  type PermissionManifest,
  type RoleRecord,
} from '@idp/auth';

export type DeclaredPermission = PermissionManifest[string] & { name: string; service: string };

/** What all services together let be decided. */
export interface PermissionCatalogue {
  /** In the order of their names. */
  permissions: readonly DeclaredPermission[];
  names: readonly string[];
  /** Roles every tenant has, with what the manifests give them. */
  systemRoles: readonly ({ id: string } & RoleRecord)[];
  /** By the name Backstage has for it. */
  backstage: ReadonlyMap<string, DeclaredPermission>;
  /** Compiles a condition for the attributes of a permission; one that decides lists must become SQL. 422 for what cannot. */
  compile: CompileCondition;
  /** Throws as `compile` does for the first of the permissions that a pattern names and the condition does not fit. */
  requireCondition(text: string, pattern: string): void;
}

export function createCatalogue(
  manifests: readonly { service: string; manifest: PermissionManifest }[],
): PermissionCatalogue {
  const permissions = manifests
    .flatMap(({ service, manifest }) => Object.entries(manifest).map(([name, entry]) => ({ ...entry, name, service })))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const { compile, kindOf } = createConditionCompiler(manifests.map(({ manifest }) => manifest));

  return {
    permissions,
    names: permissions.map(({ name }) => name),
    systemRoles: systemRoleRecords(manifests.map(({ manifest }) => manifest)),
    backstage: new Map(
      permissions.flatMap((entry) => (entry.backstage === undefined ? [] : [[entry.backstage.name, entry] as const])),
    ),
    compile,
    requireCondition(text, pattern) {
      const named = permissions.filter(({ name }) => patternCovers(pattern, name));
      const first = new Map(named.map(({ name }) => [kindOf(name), name]));
      for (const name of first.values()) compile(text, name);
    },
  };
}
