import { deviations } from '../expectation.ts';
import type { HostileItem, SendStep } from '../items.ts';
import { MissingError } from '../missing.ts';
import type { Outcome } from '../outcome.ts';
import { onePerTarget, placeOf, routesFor } from '../routes.ts';
import type { Route } from '../routes.ts';
import { targetOf } from '../target.ts';
import type { Fixture, PreparedOperation } from '../target.ts';
import { bytes, makeValue, text, toJson } from '../values/form.ts';
import { headerOf, jsonOf, send } from '../wire/client.ts';
import type { Answer, Outgoing } from '../wire/client.ts';

/** Sends one request as the item writes it, wherever its route exists. */
export async function runRequest(
  item: HostileItem,
  input: SendStep,
  operations: readonly PreparedOperation[],
  fixture: Fixture,
): Promise<readonly Outcome[]> {
  knownFacts(item);
  if (input.multipart !== undefined) throw new MissingError('route', 'one that takes an upload');
  const outcomes: Outcome[] = [];
  const body = bodyOf(input, fixture);
  const routes = places(input, operations, fixture);
  for (const route of (body?.length ?? 0) > largeBody ? onePerTarget(routes) : routes) {
    const request = await build(input, route, fixture, body);
    const answer = await send(route.prepared.target.baseUrl, request);
    const sent = [
      ...Object.values(request.headers ?? {}),
      (request.body?.length ?? 0) < 5_000 ? String(request.body ?? '') : '',
      request.target,
    ].filter((each) => each.length < 5_000);
    const found = [...deviations(item.expect, { answer, sent }), ...factDeviations(item, answer, request)];
    outcomes.push({ item: item.id, place: placeOf(route), deviations: found });
  }
  return outcomes;
}

/** A preflight has no operation of its own: it goes to the path of any. */
export function places(input: SendStep, operations: readonly PreparedOperation[], fixture: Fixture): readonly Route[] {
  const { method, path } = parts(input, fixture);
  if (method !== 'OPTIONS') return routesFor(method, path, operations);
  return routesFor('GET', path, operations);
}

function parts(input: SendStep, fixture: Fixture): { method: string; path: string; query: string } {
  const [method, target] = splitOnce(text(input.send, fixture.names), ' ');
  const [path, query] = splitOnce(target, '?');
  return { method, path, query };
}

/** A stand-in keeps its own valid path, except where the last segment is the point of the item. */
export async function build(
  input: SendStep,
  { prepared, exact }: Route,
  fixture: Fixture,
  body: Buffer | undefined,
): Promise<Outgoing> {
  const { method, path, query } = parts(input, fixture);
  const valid = await prepared.request();
  const ownPath = targetOf(prepared.operation.path, { path: valid.path, query: {} });
  const lastSegment = path.slice(path.lastIndexOf('/') + 1);
  const itemId = /\{[^}]+\}$/.test(prepared.operation.path) && /%|[0-9a-f-]{36}/.test(lastSegment);
  const standIn = itemId ? `${ownPath.slice(0, ownPath.lastIndexOf('/') + 1)}${lastSegment}` : ownPath;
  const required = exact || query === '' ? '' : new URLSearchParams(valid.query).toString();
  const search = [query, required].filter((each) => each !== '').join('&');
  const type = 'contentType' in input ? input.contentType : body === undefined ? null : 'application/json';
  const credentials = await credentialsOf(input, { prepared, exact }, fixture);
  const headers = Object.entries(input.headers ?? {}).map(([name, form]) => [name, text(form, fixture.names)] as const);
  return {
    method,
    target: `${exact ? path : standIn}${search === '' ? '' : `?${search}`}`,
    headers: {
      ...credentials,
      ...(type === null || type === undefined ? {} : { 'content-type': type }),
      ...Object.fromEntries(headers),
    },
    ...(body === undefined ? {} : { body }),
  };
}

async function credentialsOf(
  input: SendStep,
  { prepared, exact }: Route,
  fixture: Fixture,
): Promise<Record<string, string>> {
  if (input.as === 'anonymous') return {};
  return {
    ...(exact || input.as === undefined ? await fixture.credentials(input.as ?? 'memberA') : await prepared.headers()),
  };
}

/** Above this one place of each service is enough. */
const largeBody = 4 * 1024 * 1024;

export function bodyOf(input: SendStep, fixture: Fixture): Buffer | undefined {
  if (input.rawBody !== undefined) return bytes(input.rawBody, fixture.names);
  if (input.body === undefined) return undefined;
  return Buffer.from(toJson(makeValue(input.body, fixture.names)));
}

const facts: Readonly<Record<string, (answer: Answer, request: Outgoing) => boolean>> = {
  newTrace(answer, request) {
    const traceId = (jsonOf(answer) as { meta?: { traceId?: string } } | undefined)?.meta?.traceId ?? '';
    return /^(?!0{32})[0-9a-f]{32}$/.test(traceId) && !(request.headers?.['traceparent'] ?? '').includes(traceId);
  },
  requestIdReplaced(answer, request) {
    const id = headerOf(answer, 'x-request-id');
    return (
      answer.status === 431 ||
      (id !== undefined && id !== request.headers?.['X-Request-Id'] && /^[A-Za-z0-9._-]{1,128}$/.test(id))
    );
  },
};

function knownFacts({ expect }: HostileItem): void {
  for (const fact of Object.keys(expect.facts ?? {})) {
    if (facts[fact] === undefined) throw new MissingError('capability', `fact ${fact}`);
  }
}

function factDeviations({ expect }: HostileItem, answer: Answer, request: Outgoing): string[] {
  return Object.entries(expect.facts ?? {}).flatMap(([fact, wanted]) => {
    const seen = facts[fact]?.(answer, request);
    return seen === wanted ? [] : [`${fact} is ${String(seen)}`];
  });
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
