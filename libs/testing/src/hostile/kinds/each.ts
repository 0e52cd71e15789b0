import { deviations } from '../expectation.ts';
import type { EachInput } from '../each/input.ts';
import { requestsFor } from '../each/requests.ts';
import type { EachRequest } from '../each/requests.ts';
import { operationsMeant } from '../each/selection.ts';
import type { HostileItem } from '../items.ts';
import { MissingError } from '../missing.ts';
import type { SampleRequest } from '../openapi/sample.ts';
import type { Outcome } from '../outcome.ts';
import { outgoing, targetOf } from '../target.ts';
import type { Fixture, PreparedOperation, Sides } from '../target.ts';
import { text, toJson } from '../values/form.ts';
import { headerOf, jsonOf, send } from '../wire/client.ts';
import type { Answer } from '../wire/client.ts';
import { sendRaw } from '../wire/raw.ts';

/** What the parsers of HTTP read of a request before they give up. */
const headBytesMax = 32 * 1024;

const knownFacts = new Set(['sameBody', 'sameFor', 'total']);

/** Sends the request of an item to every operation it means, as somebody of one tenant with ids of the other. */
export async function runEach(
  item: HostileItem,
  input: EachInput,
  sides: Sides,
  fixture: Fixture,
): Promise<readonly Outcome[]> {
  const fact = Object.keys(item.expect.facts ?? {}).find((name) => !knownFacts.has(name));
  if (fact !== undefined) throw new MissingError('capability', `fact ${fact}`);
  const side = input.as.endsWith('B') ? sides.b : sides.a;
  const outcomes: Outcome[] = [];
  const bodies = new Set<string>();
  for (const own of operationsMeant(input.operations, side, fixture.lowestRole)) {
    const foreign = sides.a.find(({ operation, target }) => operation.id === own.operation.id && target === own.target);
    if (foreign === undefined || !(await mayAtAll(own, input, fixture))) continue;
    const local = await withLocalNames(input, foreign, fixture);
    if (local === undefined) continue;
    for (const each of await requestsFor(input, own, foreign, local)) {
      const found = await judge(item, input, { own, each, fixture: local, bodies });
      outcomes.push({
        item: item.id,
        place: `${own.target.name} ${own.operation.id} ${each.what}`.trimEnd(),
        deviations: found,
      });
    }
  }
  if (bodies.size > 1) outcomes.push({ item: item.id, place: 'together', deviations: [...bodies] });
  if (outcomes.length === 0) throw new MissingError('route', input.operations);
  return outcomes;
}

/** Names that mean something else at every operation; undefined where A has nothing of the kind there. */
async function withLocalNames(
  input: EachInput,
  foreign: PreparedOperation,
  fixture: Fixture,
): Promise<Fixture | undefined> {
  const asked = JSON.stringify(input);
  const request = await foreign.request();
  const read = async (query: Readonly<Record<string, string>>): Promise<Answer> =>
    send(foreign.target.baseUrl, {
      method: 'GET',
      target: targetOf(foreign.operation.path, { ...request, query: { ...request.query, ...query } }),
      headers: await foreign.headers(),
    });
  const local: Record<string, string | undefined> = {};
  if (asked.includes('«A.etag»')) local['A.etag'] = headerOf(await read({}), 'etag');
  else if (asked.includes('«A.cursor»')) {
    const page = jsonOf(await read({ limit: '1' })) as { meta?: { nextCursor?: string | null } } | undefined;
    local['A.cursor'] = page?.meta?.nextCursor ?? undefined;
  } else return fixture;
  const [[name, value] = ['', undefined]] = Object.entries(local);
  return value === undefined
    ? undefined
    : { ...fixture, names: (each) => (each === name ? value : fixture.names(each)) };
}

interface Attempt {
  own: PreparedOperation;
  each: EachRequest;
  /** What the answers below /api/v1 say; routes of Backstage have the form of their protocol. */
  bodies: Set<string>;
  fixture: Fixture;
}

/** Whoever may not read a list at all is told so before anybody looks at the parameters. */
async function mayAtAll(own: PreparedOperation, input: EachInput, fixture: Fixture): Promise<boolean> {
  if (!/list|search/.test(input.operations)) return true;
  const answer = await sendAs(own, await own.request(), { as: input.as } as EachInput, fixture);
  return answer.status === 200;
}

async function judge(
  { expect }: HostileItem,
  input: EachInput,
  { own, each, fixture, bodies }: Attempt,
): Promise<string[]> {
  const answer = await sendAs(own, each.request, input, fixture);
  const sent = [
    ...Object.values(each.request.path),
    JSON.stringify(each.request.body ?? ''),
    ...Object.values(each.request.query),
  ];
  const found = [...deviations(expect, { answer, sent: sent.filter((part) => part.length < 5_000) })];
  const canary = expect.absentCanary === undefined ? undefined : fixture.names(`${expect.absentCanary}.canary`);
  const echo = Object.values(input.query ?? {}).some((form) => String(form).includes('.canary'));
  if (canary !== undefined && !echo && answer.body.includes(canary)) found.push('a canary of another tenant');
  if (expect.sameAs === 'unknownId' || expect.facts?.['sameFor'] !== undefined) {
    const other = await sendAs(own, each.unknown, input, fixture);
    if (shape(other, each.unknown) !== shape(answer, each.request))
      found.push(`${shape(answer, each.request)} is not as for an unknown id: ${shape(other, each.unknown)}`);
  }
  if (expect.facts?.['sameBody'] === true && own.operation.path.startsWith('/api/v1/'))
    bodies.add(shape(answer, each.request));
  if (expect.facts?.['total'] !== undefined) {
    const { data } = jsonOf(answer) as { data?: unknown[] };
    if (data?.length !== expect.facts['total']) found.push(`${data?.length} hits`);
  }
  return found;
}

/** Status and body without what differs between any two answers. */
function shape({ status, body }: Answer, request: SampleRequest): string {
  const ids = [
    ...Object.values(request.path),
    ...Object.values(request.query),
    ...uuids(JSON.stringify(request.body ?? '')),
  ];
  const bare = ids.filter((id) => id.length > 7).reduce((rest, id) => rest.replaceAll(id, '…'), body);
  return `${status} ${bare.replace(/"(requestId|traceId)":"[^"]*"/g, '')}`.slice(0, 300);
}

function uuids(text: string): string[] {
  return text.match(/[0-9a-f]{8}-[0-9a-f-]{27}/g) ?? [];
}

async function sendAs(
  own: PreparedOperation,
  request: SampleRequest,
  input: EachInput,
  fixture: Fixture,
): Promise<Answer> {
  const { names } = fixture;
  const query = Object.fromEntries(Object.entries(input.query ?? {}).map(([name, form]) => [name, text(form, names)]));
  const full = { ...request, query: { ...request.query, ...query } };
  const prepared = {
    ...own,
    headers: async () => ({ accept: 'application/json', ...(await fixture.credentials(input.as)) }),
  };
  const hasBody = request.body !== undefined && input.method === undefined;
  const message = await outgoing(prepared, full, hasBody ? toJson(request.body) : undefined);
  const headers = { ...message.headers };
  for (const [name, form] of Object.entries(input.headers ?? {})) headers[name.toLowerCase()] = text(form, names);
  if (input.contentType !== undefined) headers['content-type'] = input.contentType;
  const raw =
    input.rawQuery === undefined ? '' : `${message.target.includes('?') ? '&' : '?'}${text(input.rawQuery, names)}`;
  const target = message.target + raw;
  const method = input.method ?? message.method;
  // Nothing reads it: the parser refuses it as a head that is too large, which class http holds it to.
  if (target.length > headBytesMax) throw new MissingError('capability', 'a target longer than the head of a request');
  if (input.headerLines === undefined) return send(own.target.baseUrl, { ...message, method, target, headers });
  const host = new URL(own.target.baseUrl).host;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const all = [
    `${method} ${target} HTTP/1.1`,
    `host: ${host}`,
    'connection: close',
    ...lines,
    ...input.headerLines.map((line) => text(line, names)),
  ];
  return sendRaw(own.target.baseUrl, Buffer.from(`${all.join('\r\n')}\r\n\r\n`));
}
