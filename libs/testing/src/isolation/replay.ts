import type { Pool } from '../hostile/openapi/pool.ts';
import { withMember } from '../hostile/openapi/sample.ts';
import type { SampleRequest } from '../hostile/openapi/sample.ts';
import { outgoing, prepareOperations } from '../hostile/target.ts';
import type { PreparedOperation } from '../hostile/target.ts';
import { send } from '../hostile/wire/client.ts';
import type { Answer } from '../hostile/wire/client.ts';
import { foreignValues, harvest, unknownLike } from './harvest.ts';
import type { Finding } from './wall.ts';
import type { TwoTenants } from './world.ts';

export interface ReplayResult {
  /** Requests sent with a value of A. */
  requests: number;
  /** Values of A that were replayed. */
  values: readonly string[];
  /** Operations in which at least one value was put. */
  operations: readonly string[];
  findings: readonly Finding[];
}

/** Where a value goes, and how a request looks with it. */
interface Position {
  name: string;
  put(request: SampleRequest, value: string): { request: SampleRequest; headers?: Record<string, string> };
}

/**
 * Item 2 of the suite: every id, name, cursor and tag that A reads is put by B into every place of every operation. The answer must equal
 * the one to a value of the same shape that names nothing, and must not hold A's canary.
 */
export async function replay({ targets, a, b }: TwoTenants): Promise<ReplayResult> {
  const [own, other] = [await harvest(targets, a), await harvest(targets, b)];
  const values = [...foreignValues(own, other), a.tenantId];
  const findings: Finding[] = [];
  const operations = new Set<string>();
  let requests = 0;
  for (const prepared of inOrder(prepareOperations(targets, b.fixture))) {
    for (const position of positionsOf(prepared, await prepared.request(), own)) {
      for (const value of values) {
        requests += 1;
        operations.add(prepared.operation.id);
        const finding = await compare(prepared, position, value, a.canary);
        if (finding !== undefined)
          findings.push(`${prepared.operation.id} ${position.name} = ${value.slice(0, 80)}: ${finding}`);
      }
    }
  }
  return { requests, values, operations: [...operations], findings };
}

/** What creates comes last: afterwards B owns things by the names that A's have. */
function inOrder(operations: readonly PreparedOperation[]): readonly PreparedOperation[] {
  const rank = ({ operation: { method, statuses } }: PreparedOperation) =>
    method === 'GET' ? 0 : method !== 'POST' ? 2 : statuses.includes('201') ? 3 : 1;
  return operations.toSorted((left, right) => rank(left) - rank(right));
}

async function compare(
  prepared: PreparedOperation,
  position: Position,
  value: string,
  canary: string,
): Promise<Finding | undefined> {
  const unknown = unknownLike(value);
  const [foreign, nothing] = [await call(prepared, position, value), await call(prepared, position, unknown)];
  if (foreign.body.includes(canary)) return 'the answer holds the canary of the other tenant';
  if (foreign.status >= 500) return `answered ${foreign.status}`;
  const [left, right] = [normalised(foreign, value), normalised(nothing, unknown)];
  return left === right
    ? undefined
    : `answered ${left.slice(0, 300)}, but ${right.slice(0, 300)} for what does not exist`;
}

async function call(prepared: PreparedOperation, position: Position, value: string): Promise<Answer> {
  const { request, headers } = position.put(await prepared.request(), value);
  const json = request.body === undefined ? undefined : JSON.stringify(request.body);
  const sent = await outgoing(prepared, request, json);
  return send(prepared.target.baseUrl, { ...sent, headers: { ...sent.headers, ...headers } });
}

/** Status and body without what differs between any two requests. */
function normalised(answer: Answer, value: string): string {
  const forms = [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), value.toLowerCase()];
  const body = forms
    .toSorted((left, right) => right.length - left.length)
    .reduce((text, form) => text.replaceAll(form, '«value»'), answer.body)
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '«uuid»')
    .replace(/[0-9a-f]{16,}/gi, '«hex»')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '«time»')
    .replace(/hst-[0-9a-z]+-[0-9a-z]+/g, '«fresh»')
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+|[A-Za-z0-9_-]{40,}/g, '«token»');
  return `${answer.status} ${body}`;
}

function positionsOf({ operation }: PreparedOperation, valid: SampleRequest, own: Pool): Position[] {
  const inPath = operation.parameters.filter((each) => each.in === 'path').map((each) => each.name);
  const inQuery = operation.parameters.filter((each) => each.in === 'query').map((each) => each.name);
  const positions: Position[] = [
    ...inPath.map((name) => ({
      name: `path ${name}`,
      put: (request: SampleRequest, value: string) => ({
        request: { ...request, path: { ...request.path, [name]: value } },
      }),
    })),
    ...inQuery.flatMap((name) => queryPositions(name)),
    ...leaves(valid.body).map((path) => ({
      name: `body ${path.join('.')}`,
      put: (request: SampleRequest, value: string) => ({
        request: { ...request, body: withMember(request.body, path, value) },
      }),
    })),
    ...['If-Match', 'If-None-Match', 'X-Tenant-Id', 'X-On-Behalf-Of', 'Idempotency-Key'].map((name) => ({
      name: `header ${name}`,
      put: (request: SampleRequest, value: string) => ({
        request,
        headers: { [name.toLowerCase()]: /^[\x21-\x7e]+$/.test(value) ? value : 'x' },
      }),
    })),
  ];
  const whole = inPath.length > 1 ? own.find(inPath) : undefined;
  return whole === undefined
    ? positions
    : [
        ...positions,
        { name: 'whole path', put: (request, value) => ({ request: { ...request, path: wholePath(whole, value) } }) },
      ];
}

/** Several segments name one thing together: all of A's at once, the last one replaced for the unknown twin. */
function wholePath(whole: Readonly<Record<string, string>>, value: string): Record<string, string> {
  const last = Object.keys(whole).at(-1) ?? '';
  return { ...whole, [last]: value };
}

/** A filter names a member and a value; everything else takes the value alone. */
function queryPositions(name: string): Position[] {
  const forms = name === 'filter' ? ['metadata.name=', 'metadata.uid=', ''] : [''];
  return forms.map((prefix) => ({
    name: `query ${name}${prefix === '' ? '' : ` ${prefix}`}`,
    put: (request, value) => ({ request: { ...request, query: { ...request.query, [name]: `${prefix}${value}` } } }),
  }));
}

/** Paths of all texts in a body; of a list only the first item. */
function leaves(body: unknown, path: readonly string[] = []): string[][] {
  if (typeof body === 'string') return [[...path]];
  if (body === null || typeof body !== 'object') return [];
  const entries = Array.isArray(body) ? Object.entries(body).slice(0, 1) : Object.entries(body);
  return entries.flatMap(([name, member]) => leaves(member, [...path, name]));
}
