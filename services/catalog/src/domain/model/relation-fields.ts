import type { Entity } from './entity.ts';
import { formatEntityRef, parseEntityRef, refOfEntity } from './entity-ref.ts';
import { type DocumentPath, ModelError } from './model-error.ts';
import { findRelationSide } from './relation-pairs.ts';

/** A field of `spec` whose refs become relations of the entity. */
interface RelationField {
  field: string;
  type: string;
  /** Kind of a ref that names none; absent = the kind must be written. */
  defaultKind?: string;
}

const owner: RelationField = { field: 'owner', type: 'ownedBy', defaultKind: 'Group' };
const inSystem: RelationField = { field: 'system', type: 'partOf', defaultKind: 'System' };
const dependsOn: RelationField = { field: 'dependsOn', type: 'dependsOn' };
const dependencyOf: RelationField = { field: 'dependencyOf', type: 'dependencyOf' };

const fieldsOfKind: Readonly<Record<string, readonly RelationField[]>> = {
  Component: [
    owner,
    { field: 'subcomponentOf', type: 'partOf', defaultKind: 'Component' },
    { field: 'providesApis', type: 'providesApi', defaultKind: 'API' },
    { field: 'consumesApis', type: 'consumesApi', defaultKind: 'API' },
    dependsOn,
    dependencyOf,
    inSystem,
  ],
  API: [owner, inSystem],
  Resource: [owner, dependsOn, dependencyOf, inSystem],
  System: [owner, { field: 'domain', type: 'partOf', defaultKind: 'Domain' }],
  Domain: [owner, { field: 'subdomainOf', type: 'partOf', defaultKind: 'Domain' }],
  Group: [
    { field: 'parent', type: 'childOf', defaultKind: 'Group' },
    { field: 'children', type: 'parentOf', defaultKind: 'Group' },
    { field: 'members', type: 'hasMember', defaultKind: 'User' },
  ],
  User: [{ field: 'memberOf', type: 'memberOf', defaultKind: 'Group' }],
  AiResource: [
    owner,
    inSystem,
    { field: 'dependsOn', type: 'dependsOn', defaultKind: 'AiResource' },
    { field: 'skills', type: 'hasPart', defaultKind: 'AiResource' },
    { field: 'plugins', type: 'hasPart', defaultKind: 'AiResource' },
  ],
  Template: [owner],
};

/** At most this many refs in one field. */
export const refsPerFieldMax = 1000;

/** A relation as edges store it: `from` has the forward type of the pair to `to`. */
export interface Edge {
  pairId: number;
  from: string;
  to: string;
}

/**
 * The relations an entity's own document states, each once, whichever end it is written from.
 * Refs without namespace belong to the entity's own. Throws ModelError for a ref that cannot be read.
 */
export function relationsOf(entity: Entity): Edge[] {
  const self = refOfEntity(entity);
  const edges = new Map<string, Edge>();
  for (const field of fieldsOfKind[entity.kind] ?? []) {
    const side = findRelationSide(field.type);
    if (!side) throw new TypeError(`relation type ${field.type} has no pair`);
    for (const { ref, path } of refsIn(entity, field.field)) {
      const target = readRef(ref, path, entity, field.defaultKind);
      const [from, to] = side.forward ? [self, target] : [target, self];
      edges.set(`${side.pair.id} ${from} ${to}`, { pairId: side.pair.id, from, to });
    }
  }
  return [...edges.values()];
}

function refsIn(entity: Entity, field: string): { ref: unknown; path: DocumentPath }[] {
  const value: unknown = entity.spec?.[field];
  if (!value) return [];
  if (!Array.isArray(value)) return [{ ref: value, path: ['spec', field] }];
  if (value.length > refsPerFieldMax) {
    throw new ModelError('limit', `spec.${field} holds more than ${refsPerFieldMax} references`, ['spec', field]);
  }
  return value.flat().map((ref, i) => ({ ref, path: ['spec', field, i] }));
}

function readRef(ref: unknown, path: DocumentPath, entity: Entity, kind: string | undefined): string {
  try {
    const namespace = entity.metadata.namespace ?? '';
    const parsed = parseEntityRef(ref, { namespace, ...(kind === undefined ? {} : { kind }) });
    return formatEntityRef(parsed);
  } catch (err) {
    if (!(err instanceof ModelError)) {
      throw new ModelError('ref', `Entity reference ${JSON.stringify(ref)} is not a string`, path, { cause: err });
    }
    throw new ModelError(err.reason, err.message, path, { cause: err });
  }
}
