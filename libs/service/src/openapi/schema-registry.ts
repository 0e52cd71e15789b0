import { z } from 'zod';

export interface SchemaMeta {
  id?: string | undefined;
  [key: string]: unknown;
}

/**
 * Registry of one service. Descriptions and examples given with `.meta()` are seen through; an `id` given so counts only for
 * schemas of this service's routes: zod's global registry would mix the components of all services of a process.
 */
export function createSchemaRegistry(): z.core.$ZodRegistry<SchemaMeta> {
  const registry = z.registry<SchemaMeta>();
  registry._map = new MetaMap() as typeof registry._map;
  return registry;
}

class MetaMap extends WeakMap<z.core.$ZodType, SchemaMeta> {
  override get(schema: z.core.$ZodType): SchemaMeta | undefined {
    const own = super.get(schema);
    if (own !== undefined) return own;
    const shared = z.globalRegistry._map.get(schema as never) as SchemaMeta | undefined;
    if (shared?.id === undefined) return shared;
    const { id: _ignored, ...meta } = shared;
    return meta;
  }

  override has(schema: z.core.$ZodType): boolean {
    return super.has(schema) || this.get(schema) !== undefined;
  }
}

type Children = Record<string, unknown>;

/** Registers every schema below `root` that names itself with `.meta({ id })` as a component. */
export function registerComponents(
  registry: z.core.$ZodRegistry<SchemaMeta>,
  root: unknown,
  seen = new Set<unknown>(),
): void {
  if (typeof root !== 'object' || root === null || seen.has(root)) return;
  seen.add(root);
  if (root instanceof z.core.$ZodType) {
    const meta = z.globalRegistry._map.get(root as never) as SchemaMeta | undefined;
    if (meta?.id !== undefined && !registry._idmap.has(meta.id)) registry.add(root, meta);
    const def = root._zod.def as unknown as Children & { getter?: () => unknown };
    if (def['type'] === 'lazy') registerComponents(registry, def.getter?.(), seen);
    for (const name of [
      'shape',
      'element',
      'innerType',
      'in',
      'out',
      'keyType',
      'valueType',
      'left',
      'right',
      'rest',
    ]) {
      registerComponents(registry, def[name], seen);
    }
    for (const name of ['options', 'items']) registerComponents(registry, def[name], seen);
    return;
  }
  for (const child of Array.isArray(root) ? root : Object.values(root)) registerComponents(registry, child, seen);
}
