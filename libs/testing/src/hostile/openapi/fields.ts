import type { FieldSort } from '../items.ts';
import { resolve } from './document.ts';
import type { OpenApiDocument, Operation, Schema } from './document.ts';

/** One place of a request that takes a value of a sort. */
export interface Field {
  sort: FieldSort;
  place: 'body' | 'query' | 'path';
  /** Member names from the root of the body, or the one name of a parameter. */
  path: readonly string[];
  /** A value of the enum, for items that change a valid one. */
  validEnum?: string;
}

const searchNames = /^(q|query|search|term|fullTextFilterTerm)$/;
const urlNames = /(^|[a-z])(url|uri|href|target)$/i;
/** Credentials have classes of their own. */
const secretNames = /password|token|secret|cursor/i;
const depthMax = 4;

/** All fields of an operation, objects inside objects included, items of arrays not. */
export function fieldsOf(document: OpenApiDocument, operation: Operation): readonly Field[] {
  const parameters = operation.parameters
    .filter((each) => each.in === 'query' || each.in === 'path')
    .flatMap((each) => fieldOf(each.name, unwrap(document, each.schema), each.in as 'query' | 'path', [each.name]));
  if (operation.body === undefined) return parameters;
  return [...parameters, ...bodyFields(document, operation.body.schema, [])];
}

/** Members of a body that are arrays of ids, as names from its root. */
export function idListsOf(document: OpenApiDocument, operation: Operation): readonly (readonly string[])[] {
  return operation.body === undefined ? [] : idLists(document, operation.body.schema, []);
}

function idLists(document: OpenApiDocument, schema: Schema, path: readonly string[]): (readonly string[])[] {
  if (path.length >= depthMax) return [];
  return Object.entries(propertiesOf(document, schema)).flatMap(([name, member]) => {
    const { items } = unwrap(document, member);
    const own = items !== undefined && isId(document, items) ? [[...path, name]] : [];
    return [...own, ...idLists(document, member, [...path, name])];
  });
}

/** Those of all alternatives. */
function propertiesOf(document: OpenApiDocument, schema: Schema): Readonly<Record<string, Schema>> {
  const { properties, anyOf = [], oneOf = [] } = unwrap(document, schema);
  const alternatives = [...anyOf, ...oneOf].map((each) => propertiesOf(document, each));
  return Object.assign({}, ...alternatives, properties) as Record<string, Schema>;
}

function isId(document: OpenApiDocument, schema: Schema): boolean {
  const { format, pattern, anyOf = [], oneOf = [] } = unwrap(document, schema);
  return format === 'uuid' || isUuidPattern(pattern) || [...anyOf, ...oneOf].some((each) => isId(document, each));
}

function bodyFields(document: OpenApiDocument, schema: Schema, path: readonly string[]): Field[] {
  if (path.length >= depthMax) return [];
  const { properties = {} } = unwrap(document, schema);
  return Object.entries(properties).flatMap(([name, member]) => {
    const found = unwrap(document, member);
    const inner = found.properties === undefined ? [] : bodyFields(document, found, [...path, name]);
    return [...fieldOf(name, found, 'body', [...path, name]), ...inner];
  });
}

function fieldOf(name: string, schema: Schema, place: Field['place'], path: readonly string[]): Field[] {
  const sort = sortOf(name, schema, place);
  if (sort === undefined || secretNames.test(name)) return [];
  const validEnum = schema.enum?.find((value): value is string => typeof value === 'string' && /[a-z]/i.test(value));
  if (sort === 'enum' && validEnum === undefined) return [];
  return [{ sort, place, path, ...(validEnum === undefined ? {} : { validEnum }) }];
}

/** Path segments and query texts take ids and searches only: a name in a path that does not exist is a 404, which says nothing. */
function sortOf(name: string, schema: Schema, place: Field['place']): FieldSort | undefined {
  if (schema.const !== undefined) return undefined;
  if (schema.enum !== undefined) return place === 'path' ? undefined : 'enum';
  const type = typeOf(schema);
  if (type === 'string') return textSort(name, schema, place);
  if (place !== 'body') return undefined;
  if (type === 'integer' || type === 'number' || type === 'boolean' || type === 'array') return type;
  return type === 'object' ? 'object' : undefined;
}

function textSort(name: string, schema: Schema, place: Field['place']): FieldSort | undefined {
  if (schema.format === 'uuid' || isUuidPattern(schema.pattern)) return 'uuid';
  if (place === 'query') return searchNames.test(name) ? 'search' : undefined;
  if (place === 'path') return undefined;
  const byFormat: Readonly<Record<string, FieldSort>> = {
    email: 'email',
    uri: 'url',
    date: 'date',
    'date-time': 'datetime',
  };
  const known = byFormat[schema.format ?? ''];
  if (known !== undefined) return known;
  if (/^e-?mail$/i.test(name)) return 'email';
  if (searchNames.test(name)) return 'search';
  if (schema.pattern?.startsWith('^[a-z0-9](') === true) return 'slug';
  if (urlNames.test(name)) return 'url';
  return (schema.maxLength ?? Infinity) <= 300 ? 'name' : 'text';
}

function isUuidPattern(pattern: string | undefined): boolean {
  return (
    pattern !== undefined &&
    new RegExp(pattern, 'u').test('0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b') &&
    /\{8\}.*\{12\}/.test(pattern)
  );
}

function typeOf(schema: Schema): string | undefined {
  if (Array.isArray(schema.type)) return schema.type.find((type) => type !== 'null') as string | undefined;
  return (schema.type as string | undefined) ?? (schema.properties === undefined ? undefined : 'object');
}

/** The schema behind references, `null` alternatives and one-part compositions. */
export function unwrap(document: OpenApiDocument, schema: Schema): Schema {
  const found = resolve(document, schema);
  const alternatives = (found.anyOf ?? found.oneOf ?? found.allOf)?.filter((each) => each.type !== 'null');
  if (alternatives?.length !== 1 || alternatives[0] === undefined) return found;
  return unwrap(document, alternatives[0]);
}
