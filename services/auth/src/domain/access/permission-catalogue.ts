import {
  patternCovers,
  systemRoleRecords,
  type CompileCondition,
  type PermissionManifest,
  type RoleRecord,
} from '@idp/auth';
import { compileCondition, declareAttributes, type ConditionEnvironment } from '@idp/expressions';

export type DeclaredPermission = PermissionManifest[string] & { name: string; service: string };

/** What all services together let be decided. */
export interface PermissionCatalogue {
  /** In the order of their names. */
  permissions: readonly DeclaredPermission[];
  names: readonly string[];
  /** Roles every tenant has, with what the manifests give them. */
  systemRoles: readonly ({ id: string } & RoleRecord)[];
  /** Compiles a condition for the attributes of a permission; one that decides lists must become SQL. 422 for what cannot. */
  compile: CompileCondition;
  /** Throws as `compile` does for the first of the permissions that a pattern names and the condition does not fit. */
  requireCondition(text: string, pattern: string): void;
}

/** Attributes of every resource that filter lists beside the declared ones. */
const everywhere = ['id', 'scope.projectId', 'scope.teamId', 'scope.organizationId'];

interface Conditions {
  environment: ConditionEnvironment;
  filterable?: ReadonlySet<string>;
}

export function createCatalogue(
  manifests: readonly { service: string; manifest: PermissionManifest }[],
): PermissionCatalogue {
  const permissions = manifests
    .flatMap(({ service, manifest }) => Object.entries(manifest).map(([name, entry]) => ({ ...entry, name, service })))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const byName = new Map(permissions.map((permission) => [permission.name, permission]));
  const kinds = new Map<string, Conditions>();

  /** One for all permissions whose conditions may ask for the same. */
  function conditionsOf(name: string): Conditions {
    const { attributes = {}, list = false } = byName.get(name) ?? {};
    const kind = JSON.stringify([list, Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
    let known = kinds.get(kind);
    if (known === undefined) {
      const filterable = new Set([...everywhere, ...Object.keys(attributes)]);
      known = { environment: declareAttributes(attributes), ...(list && { filterable }) };
      kinds.set(kind, known);
    }
    return known;
  }

  function compile(text: string, permission: string) {
    const { environment, filterable } = conditionsOf(permission);
    return compileCondition(text, environment, filterable === undefined ? {} : { filterable });
  }

  return {
    permissions,
    names: permissions.map(({ name }) => name),
    systemRoles: systemRoleRecords(manifests.map(({ manifest }) => manifest)),
    compile,
    requireCondition(text, pattern) {
      const named = permissions.filter(({ name }) => patternCovers(pattern, name));
      const first = new Map(named.map(({ name }) => [conditionsOf(name), name]));
      for (const name of first.values()) compile(text, name);
    },
  };
}
