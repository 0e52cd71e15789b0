import { deviations } from '../expectation.ts';
import type { Form, HostileItem } from '../items.ts';
import { MissingError } from '../missing.ts';
import type { Outcome } from '../outcome.ts';
import { placeOf, routesFor } from '../routes.ts';
import type { Route } from '../routes.ts';
import { cookiesOf } from '../story/cookies.ts';
import { targetOf } from '../target.ts';
import type { Fixture, PreparedOperation } from '../target.ts';
import { forgeToken } from '../tokens/forge.ts';
import type { TokenChanges } from '../tokens/forge.ts';
import { text } from '../values/form.ts';
import { fillNames } from '../values/names.ts';
import { send } from '../wire/client.ts';
import type { Answer } from '../wire/client.ts';

/** Services by the route that stands for them. */
const readsOf: Readonly<Record<string, string>> = { auth: '/api/v1/auth/me', catalog: '/api/v1/services' };

/** Sends a changed access token of `memberA`, or another token in its place, wherever the read of the service is served. */
export async function runToken(
  item: HostileItem,
  input: TokenChanges & { use?: string; at?: string },
  operations: readonly PreparedOperation[],
  fixture: Fixture,
): Promise<readonly Outcome[]> {
  const routes = routesFor('GET', readsOf[input.at ?? 'auth'] ?? `/api/v1/${input.at}`, operations);
  await fixture.credentials('memberA');
  const token = input.use === undefined ? forged(input, fixture) : await otherToken(input.use, fixture);
  return sendAll(item, routes, { headers: { authorization: `Bearer ${token}` }, query: '' });
}

function forged(input: TokenChanges, { names, tokenKeys, now }: Fixture): string {
  if (tokenKeys === undefined) throw new MissingError('fixture', 'token keys');
  const nowSeconds = (now?.() ?? Date.now()) / 1_000;
  return forgeToken(fillNames('«memberA.token»', names), input, { keys: tokenKeys, names, nowSeconds });
}

async function otherToken(use: string, { names, credentials }: Fixture): Promise<string> {
  if (use === 'refresh-token') return fillNames('«memberA.refresh»', names);
  if (use === 'id-token') return fillNames('«memberA.idToken»', names);
  if (use === 'revoked-session') return ((await credentials('signedOut:memberA'))['authorization'] ?? '').slice(7);
  throw new MissingError('capability', `token ${use}`);
}

/** Sends these header lines or this query to `GET ~/me`. */
export async function runAuthorization(
  item: HostileItem,
  input: { headers?: readonly string[]; query?: Readonly<Record<string, Form>>; needs?: readonly string[] },
  operations: readonly PreparedOperation[],
  fixture: Fixture,
): Promise<readonly Outcome[]> {
  if (input.needs !== undefined) throw new MissingError('capability', input.needs.join(' '));
  const routes = routesFor('GET', '/api/v1/auth/me', operations);
  const lines = (input.headers ?? []).map((line) => fillNames(line, fixture.names));
  const headers = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const);
  const query = Object.entries(input.query ?? {}).map(([name, form]): [string, string] => [
    name,
    text(form, fixture.names),
  ]);
  const before = fixture.keyQuestions?.();
  const outcomes = await sendAll(item, routes, {
    headers: Object.fromEntries(
      headers.map(([name, value]) => [name, name === 'Cookie' ? cookiesOf(fixture.secure === true, value) : value]),
    ),
    query: query.length === 0 ? '' : `?${new URLSearchParams(query).toString()}`,
  });
  const wanted = item.expect.facts?.['databaseCalls'];
  if (wanted === undefined) return outcomes;
  if (before === undefined) throw new MissingError('capability', 'fact databaseCalls');
  const asked = (fixture.keyQuestions?.() ?? 0) - before;
  const found = asked === wanted ? [] : [`the database was asked ${asked} times`];
  return [...outcomes, { item: item.id, place: 'database', deviations: found }];
}

async function sendAll(
  item: HostileItem,
  routes: readonly Route[],
  { headers, query }: { headers: Readonly<Record<string, string>>; query: string },
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const route of routes) {
    const { target, operation } = route.prepared;
    const answer: Answer = await send(target.baseUrl, {
      method: 'GET',
      target: targetOf(operation.path, { path: {}, query: {} }) + query,
      headers,
    });
    const sent = Object.values(headers).filter((each) => each.length < 5_000);
    outcomes.push({ item: item.id, place: placeOf(route), deviations: deviations(item.expect, { answer, sent }) });
  }
  return outcomes;
}
