import type { HostileItem } from '../items.ts';
import { MissingError } from '../missing.ts';
import type { SampleRequest } from '../openapi/sample.ts';
import type { Fixture, PreparedOperation } from '../target.ts';
import { jsonOf } from '../wire/client.ts';
import type { Answer } from '../wire/client.ts';
import type { EachInput } from './input.ts';
import type { EachRequest } from './requests.ts';
import { sendAs } from './send.ts';

/** An answer, and what it was given to. */
export interface EachAnswer {
  own: PreparedOperation;
  each: EachRequest;
  answer: Answer;
  input: EachInput;
  fixture: Fixture;
}

/** Says what is not as wanted. */
type Check = (seen: EachAnswer, wanted: unknown) => Promise<string[]> | string[];

const checks: Readonly<Record<string, Check>> = {
  /** Compared over all operations. */
  sameBody: () => [],
  sameFor: sameAsUnknown,
  total({ answer }, wanted) {
    const { data } = jsonOf(answer) as { data?: unknown[] };
    return data?.length === wanted ? [] : [`${data?.length} hits`];
  },
  /** Nothing of what the operation does has happened. */
  effects: ({ own, answer }) =>
    answer.status < 300 && own.arrangement.storesNothing !== true ? ['a request had an effect'] : [],
  /** The request is refused whole, or the caller's own items are all that counts. */
  ownItems({ answer, each: { foreignId } }) {
    const counted = answer.status < 300 && foreignId !== undefined && answer.body.includes(foreignId);
    return counted ? ['an item of another tenant counted'] : [];
  },
  async sameHeadersAsGet({ own, each, answer, input, fixture }) {
    const { method: _head, ...get } = input;
    const plain = await sendAs(own, each.request, get, fixture);
    const found = answer.body === '' ? [] : ['a body'];
    const [head, wanted] = [headersOf(answer), headersOf(plain)];
    return head === wanted ? found : [...found, `headers ${head} are not those of GET: ${wanted}`];
  },
};

export function requireKnownFacts({ expect }: HostileItem): void {
  const fact = Object.keys(expect.facts ?? {}).find((name) => checks[name] === undefined);
  if (fact !== undefined) throw new MissingError('capability', `fact ${fact}`);
}

export async function factDeviations({ expect }: HostileItem, seen: EachAnswer): Promise<string[]> {
  const found: string[] = [];
  for (const [fact, wanted] of Object.entries(expect.facts ?? {})) found.push(...(await checks[fact]!(seen, wanted)));
  return found;
}

export async function sameAsUnknown({ own, each, answer, input, fixture }: EachAnswer): Promise<string[]> {
  const other = await sendAs(own, each.unknown, input, fixture);
  const [seen, wanted] = [shape(answer, each.request), shape(other, each.unknown)];
  return seen === wanted ? [] : [`${seen} is not as for an unknown id: ${wanted}`];
}

/** Those that differ between any two answers, and what counts requests. */
const volatile = /^(date|x-request-id|traceparent|ratelimit.*|x-ratelimit-.*|connection)$/;

function headersOf({ headers }: Answer): string {
  const kept = headers.filter(([name]) => !volatile.test(name)).map(([name, value]) => `${name}: ${value}`);
  return kept.toSorted().join('; ');
}

/** Status and body without what differs between any two answers. */
export function shape({ status, body }: Answer, request: SampleRequest): string {
  const ids = [
    ...Object.values(request.path),
    ...Object.values(request.query),
    ...uuids(JSON.stringify(request.body ?? '')),
  ];
  const long = ids.filter((id) => id.length > 7).toSorted((left, right) => right.length - left.length);
  const bare = long.reduce((rest, id) => rest.replaceAll(id, '…'), body);
  return `${status} ${bare.replace(/"(requestId|traceId)":"[^"]*"/g, '')}`.slice(0, 300);
}

function uuids(text: string): string[] {
  return text.match(/[0-9a-f]{8}-[0-9a-f-]{27}/g) ?? [];
}
