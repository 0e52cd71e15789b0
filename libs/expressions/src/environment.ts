import { parse } from '@bufbuild/cel';

/**
 * Type of an attribute. `int` is a 64-bit integer; `timestamp` has milliseconds and is given as `Date` or RFC 3339 text.
 * There are no doubles, no null and no maps.
 */
export type AttributeType = 'string' | 'int' | 'bool' | 'timestamp' | 'list<string>' | 'list<int>';

/** What a condition may speak of: attribute paths (`principal.id`, `resource.kind`) and their types. */
export interface ConditionEnvironment {
  readonly attributes: ReadonlyMap<string, AttributeType>;
}

/** Attributes every environment has, besides those of the resource type. */
const builtIn: Readonly<Record<string, AttributeType>> = {
  'principal.id': 'string',
  'principal.type': 'string',
  'principal.tenantId': 'string',
  'principal.teamIds': 'list<string>',
  'principal.acr': 'string',
  'resource.id': 'string',
  'resource.scope.projectId': 'string',
  'resource.scope.teamId': 'string',
  'resource.scope.organizationId': 'string',
  'context.now': 'timestamp',
  'context.ip': 'string',
  'context.authAgeSeconds': 'int',
  'context.credential': 'string',
};

/**
 * The environment of conditions about one resource type. Keys are the attribute's name as written after `resource.`;
 * throws `TypeError` for a name that is no CEL identifier or that says again what every resource has.
 */
export function declareAttributes(attributes: Readonly<Record<string, AttributeType>>): ConditionEnvironment {
  const declared = new Map(Object.entries(builtIn));
  for (const [name, type] of Object.entries(attributes)) {
    if (!isFieldName(name) || name === 'id' || name === 'scope') {
      throw new TypeError(`"${name}" cannot be the name of an attribute`);
    }
    declared.set(`resource.${name}`, type);
  }
  return { attributes: declared };
}

/** CEL decides: some words are reserved even after a dot. */
function isFieldName(name: string): boolean {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return false;
  try {
    parse(`resource.${name}`);
    return true;
  } catch {
    return false;
  }
}
