import type { SampleRequest } from '../hostile/openapi/sample.ts';
import { outgoing, prepareOperations } from '../hostile/target.ts';
import type { Fixture, PreparedOperation } from '../hostile/target.ts';
import { send } from '../hostile/wire/client.ts';
import type { Answer } from '../hostile/wire/client.ts';
import { foreignValues, harvest, oneOfEachKind, unknownLike } from './harvest.ts';
import { positionsOf } from './positions.ts';
import type { Position } from './positions.ts';
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

/**
 * Item 2 of the suite: every id, name, cursor and tag that A reads is put by B into every place of every operation. The answer must equal
 * the one to a value of the same shape that names nothing, and must not hold A's canary.
 */
export async function replay({ targets, a, b }: TwoTenants): Promise<ReplayResult> {
  const [own, other] = [await harvest(targets, a), await harvest(targets, b)];
  // Texts that hold the canary are not sent: whoever shows it then has read it.
  const foreign = foreignValues(own, other).filter((value) => !value.includes(a.canary));
  const tags = foreign.filter(isTag);
  const values = [...new Set([...foreign.filter((value) => !isTag(value)), a.tenantId])];
  const few = oneOfEachKind(values, own);
  const result = { requests: 0, values, operations: new Set<string>(), findings: [] as Finding[] };
  for (const prepared of inOrder(prepareOperations(targets, asIntruder(b.fixture)))) {
    for (const position of positionsOf(prepared, await prepared.request(), own)) {
      const fitting = { all: values, few, one: few.slice(-1), tag: tags.slice(-1) }[position.takes];
      // What only reads may be asked for many things at once.
      const width = prepared.operation.method === 'GET' ? 8 : 1;
      const caller = createCaller(prepared, position);
      for (let at = 0; at < fitting.length; at += width) {
        const batch = fitting.slice(at, at + width);
        const found = await Promise.all(batch.map((value) => compare(caller, value, a.canary)));
        const place = `${prepared.operation.id} ${position.name}`;
        result.findings.push(
          ...found.flatMap((finding, index) =>
            finding === undefined ? [] : `${place} = ${batch[index]?.slice(0, 80)}: ${finding}`,
          ),
        );
        result.requests += batch.length;
      }
      result.operations.add(prepared.operation.id);
    }
  }
  return { ...result, operations: [...result.operations] };
}

/** The platform's own requests are tried by somebody of B. */
function asIntruder(fixture: Fixture): Fixture {
  const arrangements = Object.entries(fixture.arrangements).map(([id, { intruder, ...rest }]) => [
    id,
    intruder === undefined ? rest : { ...rest, as: intruder },
  ]);
  return { ...fixture, arrangements: Object.fromEntries(arrangements) };
}

/** An entity tag names a state, not a thing: it belongs into one header. */
function isTag(value: string): boolean {
  return /^(W\/)?"/.test(value);
}

/** What creates comes last: afterwards B owns things by the names that A's have. */
function inOrder(operations: readonly PreparedOperation[]): readonly PreparedOperation[] {
  const rank = ({ operation: { method, statuses } }: PreparedOperation) =>
    method === 'GET' ? 0 : method !== 'POST' ? 2 : statuses.includes('201') ? 3 : 1;
  return operations.toSorted((left, right) => rank(left) - rank(right));
}

type Caller = (value: string) => Promise<Answer>;

async function compare(call: Caller, value: string, canary: string): Promise<Finding | undefined> {
  const unknown = unknownLike(value);
  const [foreign, nothing] = [await call(value), await call(unknown)];
  if (foreign.body.includes(canary)) return 'the answer holds the canary of the other tenant';
  if (foreign.status >= 500) return `answered ${foreign.status}`;
  const [left, right] = [normalised(foreign, value), normalised(nothing, unknown)];
  return left === right
    ? undefined
    : `answered ${left.slice(0, 300)}, but ${right.slice(0, 300)} for what does not exist`;
}

/**
 * Sends valid requests with one value put somewhere. What a request needs, an account for one, is made anew when it was used up: a
 * refusal and a read leave it as it was.
 */
function createCaller(prepared: PreparedOperation, position: Position): Caller {
  let valid: Promise<SampleRequest> | undefined;
  return async (value) => {
    await prepared.arrangement.clear?.();
    valid ??= prepared.request();
    const { request, headers } = position.put(await valid, value);
    const json = request.body === undefined ? undefined : JSON.stringify(request.body);
    const sent = await outgoing(prepared, request, json);
    const answer = await send(prepared.target.baseUrl, { ...sent, headers: { ...sent.headers, ...headers } });
    if (answer.status < 400 && prepared.operation.method !== 'GET') valid = undefined;
    return answer;
  };
}

/** Status and body without what differs between any two requests. */
function normalised(answer: Answer, value: string): string {
  const forms = [value, value.toLowerCase()].flatMap((form) => [
    form,
    encodeURIComponent(form),
    JSON.stringify(form).slice(1, -1),
  ]);
  const body = forms
    .toSorted((left, right) => right.length - left.length)
    .reduce((text, form) => text.replaceAll(form, '«value»'), answer.body)
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '«uuid»')
    .replace(/[0-9a-f]{16,}/gi, '«hex»')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '«time»')
    .replace(/hst-[0-9a-z]+-[0-9a-z]+/g, '«fresh»')
    .replace(/"secretStart":"\w{4}"/g, '"secretStart":"«fresh»"')
    // How often the caller's own tenant and session have changed grows with every request.
    .replace(/("deleteAfter":(?:null|"[^"]*"),"version":)\d+/g, '$1«n»')
    .replace(/r1\.«uuid»\.\d+\./g, 'r1.«uuid».«n».')
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+|[A-Za-z0-9_-]{40,}/g, '«token»');
  return `${answer.status} ${body}`;
}
