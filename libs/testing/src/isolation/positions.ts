import type { Pool } from '../hostile/openapi/pool.ts';
import { withMember } from '../hostile/openapi/sample.ts';
import type { SampleRequest } from '../hostile/openapi/sample.ts';
import type { PreparedOperation } from '../hostile/target.ts';

/** Where a value goes, and how a request looks with it. */
export interface Position {
  name: string;
  /** `all`: ids go here. `few`: one value of each kind. `one`: that it is taken at all would be wrong. `tag`: an entity tag. */
  takes: 'all' | 'few' | 'one' | 'tag';
  put(request: SampleRequest, value: string): { request: SampleRequest; headers?: Record<string, string> };
}

/** Every place of an operation that takes a text: path, query, body and headers. */
export function positionsOf({ operation }: PreparedOperation, valid: SampleRequest, own: Pool): readonly Position[] {
  const inPath = operation.parameters.filter((each) => each.in === 'path').map((each) => each.name);
  const inQuery = operation.parameters.filter((each) => each.in === 'query').map((each) => each.name);
  const whole = inPath.length > 1 ? own.find(inPath, operation.path) : undefined;
  return [
    ...inPath.map(pathPosition),
    ...(whole === undefined ? [] : [wholePath(whole)]),
    ...inQuery.flatMap(queryPositions),
    ...leaves(valid.body).map(bodyPosition),
    // A valid request that deletes finds nothing the second time, whatever its headers say.
    ...(operation.method === 'DELETE' ? [] : headerNames.map(headerPosition)),
  ];
}

function pathPosition(name: string): Position {
  return {
    name: `path ${name}`,
    takes: 'all',
    put: (request, value) => ({ request: { ...request, path: { ...request.path, [name]: value } } }),
  };
}

/** Several segments name one thing together: all of A's at once, the last one replaced for the unknown twin. */
function wholePath(whole: Readonly<Record<string, string>>): Position {
  const last = Object.keys(whole).at(-1) ?? '';
  return {
    name: 'whole path',
    takes: 'all',
    put: (request, value) => ({ request: { ...request, path: { ...whole, [last]: value } } }),
  };
}

/** Parameters that name what a tenant owns; the others order, cut or count. */
const namesThings = /ref$|id$|cursor|after|filter|^q$|system|term/i;

/** A filter names a member and a value; everything else takes the value alone. */
function queryPositions(name: string): Position[] {
  const forms = name === 'filter' ? ['metadata.name=', 'metadata.uid=', ''] : [''];
  return forms.map((prefix) => ({
    name: `query ${name}${prefix === '' ? '' : ` ${prefix}`}`,
    takes: namesThings.test(name) ? 'all' : 'one',
    put: (request, value) => ({ request: { ...request, query: { ...request.query, [name]: `${prefix}${value}` } } }),
  }));
}

function bodyPosition(path: readonly string[]): Position {
  const names = path.filter((part) => !/^\d+$/.test(part));
  return {
    name: `body ${path.join('.')}`,
    takes: /ids?$|refs?$|target$|cursor$/i.test(names.at(-1) ?? '') ? 'all' : 'few',
    put: (request, value) => ({ request: { ...request, body: withMember(request.body, path, value) } }),
  };
}

const headerNames = ['If-None-Match', 'X-Tenant-Id', 'X-On-Behalf-Of', 'X-User-Id', 'Idempotency-Key'];

function headerPosition(name: string): Position {
  return {
    name: `header ${name}`,
    takes: name === 'If-None-Match' ? 'tag' : 'one',
    put: (request, value) => ({ request, headers: { [name.toLowerCase()]: value } }),
  };
}

/** Paths of all texts in a body; of a list only the first item. */
function leaves(body: unknown, path: readonly string[] = []): string[][] {
  if (typeof body === 'string') return [[...path]];
  if (body === null || typeof body !== 'object') return [];
  const entries = Array.isArray(body) ? Object.entries(body).slice(0, 1) : Object.entries(body);
  return entries.flatMap(([name, member]) => leaves(member, [...path, name]));
}
