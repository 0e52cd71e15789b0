import { ValidationError } from '@idp/errors';

/** Selects parts of an entity; `withRelations` tells whether any selected path lies in `relations`. */
export interface Projection {
  readonly withRelations: boolean;
  project(entity: JsonObject): JsonObject;
}

/** A JSON object. */
export type JsonObject = { [key: string]: unknown };

/** Most paths of one projection. */
export const fieldsMax = 200;

/**
 * Parses `fields`: lists of comma-separated dotted paths. Undefined when nothing is selected, meaning the whole
 * entity. A path part that is no key by itself is joined with the next ones, so keys that contain dots are found.
 * Throws `ValidationError` for array paths.
 */
export function parseFields(texts: readonly string[] | undefined): Projection | undefined {
  const paths = (texts ?? [])
    .flatMap((text) => text.split(','))
    .map((path) => path.trim())
    .filter((path) => path !== '');
  if (paths.length === 0) return undefined;
  if (paths.length > fieldsMax) throw new ValidationError(`At most ${fieldsMax} fields are allowed`);
  if (paths.some((path) => path.includes('['))) {
    throw new ValidationError('invalid fields, array type fields are not supported');
  }
  return {
    withRelations: paths.some((path) => path === 'relations' || path.startsWith('relations.')),
    project: (entity) => project(entity, paths),
  };
}

function project(entity: JsonObject, paths: readonly string[]): JsonObject {
  const output: JsonObject = {};
  for (const path of paths) {
    const found = findPath(entity, path);
    if (found !== undefined) place(output, found.keys, found.value);
  }
  return output;
}

function findPath(entity: JsonObject, path: string): { keys: string[]; value: unknown } | undefined {
  const keys: string[] = [];
  let current: unknown = entity;
  let pending = '';
  for (const part of path.split('.')) {
    pending = pending === '' ? part : `${pending}.${part}`;
    if (typeof current === 'object' && current !== null && Object.hasOwn(current, pending)) {
      current = (current as JsonObject)[pending];
      keys.push(pending);
      pending = '';
    }
  }
  return pending === '' ? { keys, value: current } : undefined;
}

function place(output: JsonObject, keys: readonly string[], value: unknown): void {
  let target = output;
  for (const key of keys.slice(0, -1)) {
    const next = Object.hasOwn(target, key) ? target[key] : undefined;
    const child = typeof next === 'object' && next !== null ? { ...next } : {};
    define(target, key, child);
    target = child as JsonObject;
  }
  const last = keys.at(-1);
  if (last !== undefined) define(target, last, value);
}

/** Plain assignment would reach the prototype for a key named `__proto__`. */
function define(target: JsonObject, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
