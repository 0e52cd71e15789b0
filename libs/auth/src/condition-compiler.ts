import { compileCondition, declareAttributes, type ConditionEnvironment } from '@idp/expressions';
import type { PermissionManifest } from './access.ts';
import type { CompileCondition } from './decision/conditions.ts';

export interface ConditionCompiler {
  /** Compiles a condition for the attributes of a permission; one that decides lists must become SQL. 422 for what cannot. */
  compile: CompileCondition;
  /** What conditions about the permission may ask for: one and the same object for all that may ask for the same. */
  kindOf(permission: string): object;
}

interface Kind {
  environment: ConditionEnvironment;
  filterable?: ReadonlySet<string>;
}

/** Attributes of every resource that filter lists beside the declared ones. */
const everywhere = ['id', 'scope.projectId', 'scope.teamId', 'scope.organizationId'];

/** A permission that no manifest declares has no attributes of its own. */
export function createConditionCompiler(manifests: readonly PermissionManifest[]): ConditionCompiler {
  const entries = new Map(manifests.flatMap((manifest) => Object.entries(manifest)));
  const kinds = new Map<string, Kind>();

  function kindOf(permission: string): Kind {
    const { attributes = {}, list = false } = entries.get(permission) ?? {};
    const key = JSON.stringify([list, Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
    let known = kinds.get(key);
    if (known === undefined) {
      const filterable = new Set([...everywhere, ...Object.keys(attributes)]);
      known = { environment: declareAttributes(attributes), ...(list && { filterable }) };
      kinds.set(key, known);
    }
    return known;
  }

  return {
    kindOf,
    compile(text, permission) {
      const { environment, filterable } = kindOf(permission);
      return compileCondition(text, environment, filterable === undefined ? {} : { filterable });
    },
  };
}
