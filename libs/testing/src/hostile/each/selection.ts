import { MissingError } from '../missing.ts';
import type { Operation, Schema } from '../openapi/document.ts';
import { idListsOf } from '../openapi/fields.ts';
import type { PreparedOperation } from '../target.ts';

type Fits = (prepared: PreparedOperation) => boolean;

/** Which operations the words of an item mean. */
const meanings: Readonly<Record<string, Fits>> = {
  any: isGuarded,
  'not public': isGuarded,
  'with an id in the path': hasIdInPath,
  'GET with an id in the path': (each) => each.operation.method === 'GET' && hasIdInPath(each),
  'PUT with an id in the path': (each) => each.operation.method === 'PUT' && hasIdInPath(each),
  'with an id filter': ({ operation }) => operation.method === 'GET' && idFilters(operation).length > 0,
  'with a slug in the path': hasNameInPath,
  'with an id in the body': isWithBody,
  'taking an array of ids': (each) =>
    isWithBody(each) && isGuarded(each) && idListsOf(each.target.document, each.operation).length > 0,
  'with If-Match': (each) => /^(PUT|PATCH|DELETE)$/.test(each.operation.method) && hasIdInPath(each),
  PATCH: (each) => each.operation.method === 'PATCH' && hasIdInPath(each),
  POST: (each) => isWithBody(each) && isGuarded(each),
  'POST creating a named thing': (each) =>
    isWithBody(each) && each.operation.statuses.includes('201') && each.arrangement.as !== 'operator',
  list: isList,
  'needing a platform permission': ({ arrangement }) => arrangement.platform === true,
  search: (each) => isList(each) && each.operation.parameters.some(({ name }) => name === 'q'),
};

/** Lowest role by the kind of permission an item speaks of. */
const lowestRoles: Readonly<Record<string, RegExp>> = { 'needing an admin permission': /^(admin|owner)$/ };

/** The operations an item means. Throws {@link MissingError} for words nobody knows and where nothing fits. */
export function operationsMeant(
  words: string,
  operations: readonly PreparedOperation[],
  lowestRole: (permission: string) => string | undefined = () => undefined,
): readonly PreparedOperation[] {
  const roles = lowestRoles[words];
  const fits =
    meanings[words] ??
    (roles && (({ operation }: PreparedOperation) => roles.test(lowestRole(operation.permission ?? '') ?? '')));
  const found = fits === undefined ? [] : operations.filter(fits);
  if (found.length === 0) throw new MissingError('route', words);
  return found;
}

/** Query parameters that name a record. */
export function idFilters({ parameters }: Operation): readonly string[] {
  return parameters.filter((each) => each.in === 'query' && isId(each.schema)).map(({ name }) => name);
}

function isId(schema: Schema): boolean {
  return schema.format === 'uuid' || schema.pattern?.includes('{12}') === true;
}

function isGuarded({ operation }: PreparedOperation): boolean {
  return !operation.public;
}

function hasIdInPath({ operation }: PreparedOperation): boolean {
  return !operation.public && operation.parameters.some((each) => each.in === 'path' && isId(each.schema));
}

/** A name or slug that a tenant gave. Schedules and consumers, which operators name, are the platform's. */
function hasNameInPath({ operation }: PreparedOperation): boolean {
  const named = operation.parameters.some((each) => each.in === 'path' && /^(name|slug)$/.test(each.name));
  return !operation.public && named && !operation.path.includes('/ops/');
}

/** Routes of operators hold nothing of a tenant. */
function isWithBody({ operation }: PreparedOperation): boolean {
  return operation.method === 'POST' && operation.body !== undefined && !operation.path.includes('/ops/');
}

/** Lists of the platform's own form: pages by cursor. Those of Backstage have the form of their protocol. */
function isList({ operation }: PreparedOperation): boolean {
  const { method, path, parameters } = operation;
  const isPlatforms = path.startsWith('/api/v1/') && !path.includes('/ops/');
  return method === 'GET' && isPlatforms && parameters.some(({ name }) => name === 'cursor');
}
