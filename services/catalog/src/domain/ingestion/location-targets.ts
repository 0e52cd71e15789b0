import { type Entity, isJsonObject } from '../model/entity.ts';

/** What a Location entity points at. Without `type` the targets are of the type of the place the entity was read from. */
export interface LocationTargets {
  type: string | undefined;
  targets: readonly string[];
  optional: boolean;
}

/** Undefined for an entity that is no Location or points at nothing. */
export function targetsOf(entity: Entity): LocationTargets | undefined {
  if (entity.kind !== 'Location' || !isJsonObject(entity.spec)) return undefined;
  const { type, target, targets, presence } = entity.spec;
  const all = [...(typeof target === 'string' ? [target] : []), ...(Array.isArray(targets) ? targets : [])];
  const texts = all.filter((item): item is string => typeof item === 'string');
  if (texts.length === 0) return undefined;
  return {
    type: typeof type === 'string' ? type : undefined,
    targets: [...new Set(texts)],
    optional: presence === 'optional',
  };
}
