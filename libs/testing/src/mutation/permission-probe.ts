import type { SampleRequest } from '../hostile/openapi/sample.ts';
import { outgoing } from '../hostile/target.ts';
import type { PreparedOperation } from '../hostile/target.ts';
import { headerOf, jsonOf, send } from '../hostile/wire/client.ts';
import type { Answer } from '../hostile/wire/client.ts';

type Headers = Readonly<Record<string, string>>;

/** A request of one operation that succeeds for who may do everything. */
export interface PermissionCase {
  prepared: PreparedOperation;
  /** What is special about it; empty for the valid request that all suites start from. */
  name: string;
  request(): Promise<SampleRequest>;
  /** What somebody without one of the permissions is answered, by permission; default 404 where it is one to read, else 403. */
  statuses?: Readonly<Record<string, number>>;
  /** Code of the error that a 403 has; default `PERMISSION_DENIED`. */
  code?: string;
  /** Whether what the request was to end is still there; asked where the answer alone does not tell. */
  isIntact?(request: SampleRequest): Promise<boolean>;
}

/** Sends a new request of the case in somebody's name. */
export async function sendCase(
  { prepared, request: make }: Pick<PermissionCase, 'prepared' | 'request'>,
  headers: Headers,
): Promise<{ request: SampleRequest; answer: Answer }> {
  await prepared.arrangement.clear?.();
  const request = await make();
  return { request, answer: await sendAs(prepared, headers, request) };
}

async function sendAs(prepared: PreparedOperation, headers: Headers, request: SampleRequest): Promise<Answer> {
  const caller = { ...prepared, headers: () => Promise.resolve({ accept: 'application/json', ...headers }) };
  const json = request.body === undefined ? undefined : JSON.stringify(request.body);
  return send(prepared.target.baseUrl, await outgoing(caller, request, json));
}

/**
 * What is wrong with how a route treats somebody who is denied its permission: a valid request is refused with 403, and so is one that could
 * not be valid, as nobody's input is read before it is known that they may send any.
 */
export async function guardFindings(
  prepared: PreparedOperation,
  headers: Headers,
): Promise<{ findings: string[]; requestIds: string[] }> {
  await prepared.arrangement.clear?.();
  const request = await prepared.request();
  const invalid = { ...request, query: { ...request.query, 'unknown-to-all': '1' } };
  const findings: string[] = [];
  const requestIds: string[] = [];
  for (const [what, sent] of [
    ['a valid request', request],
    ['an unknown parameter', invalid],
  ] as const) {
    const answer = await sendAs(prepared, headers, sent);
    requestIds.push(headerOf(answer, 'x-request-id') ?? '');
    if (!isRefusal(answer, 403)) findings.push(`${what} was answered ${said(answer)}`);
  }
  return { findings, requestIds };
}

/**
 * What is wrong with how an operation treats somebody who holds everything but one permission: the request is refused, or answered without
 * anything that lies where the person may not look (`marks`; undefined where even who may see all is shown none of them).
 */
export async function caseFinding(
  tried: PermissionCase,
  permission: string,
  headers: Headers,
  marks: readonly string[] | undefined,
): Promise<string | undefined> {
  const { request, answer } = await sendCase(tried, headers);
  if (tried.isIntact !== undefined && !(await tried.isIntact(request))) return 'the thing is gone';
  const expected = tried.statuses?.[permission] ?? (permission.endsWith(':read') ? 404 : 403);
  if (answer.status === 200 && marks !== undefined) {
    const shown = marks.find((mark) => answer.body.includes(mark));
    return shown === undefined ? undefined : `shows ${shown}`;
  }
  if (answer.status === expected && (expected < 300 || isRefusal(answer, expected, tried.code))) return undefined;
  return `was answered ${said(answer)}, not ${expected}`;
}

/**
 * For want of the right that is asked for: a step-up, or a right to give what one holds, would be refused to others as well. Backstage's errors
 * have no code.
 */
function isRefusal(answer: Answer, status: number, denied = 'PERMISSION_DENIED'): boolean {
  const { error } = (jsonOf(answer) ?? {}) as { error?: { code?: string } };
  const code = status === 404 ? 'NOT_FOUND' : denied;
  return answer.status === status && (error?.code === undefined || error.code === code);
}

export function said({ status, body }: Answer): string {
  return `${status} ${body.slice(0, 160)}`;
}
