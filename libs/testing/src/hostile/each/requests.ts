import { randomUUID } from 'node:crypto';
import { fieldsOf, idListsOf } from '../openapi/fields.ts';
import { freshName, withMember } from '../openapi/sample.ts';
import type { SampleRequest } from '../openapi/sample.ts';
import { outgoing } from '../target.ts';
import type { Fixture, PreparedOperation } from '../target.ts';
import { makeValue } from '../values/form.ts';
import { send } from '../wire/client.ts';
import type { EachInput } from './input.ts';
import { idFilters } from './selection.ts';

/** A request of an item on one operation, and the same with ids that never existed. */
export interface EachRequest {
  what: string;
  request: SampleRequest;
  unknown: SampleRequest;
  /** The id of A among one's own. */
  foreignId?: string;
}

const idForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The requests an item means on one operation; none where the operation has no place for what it puts. */
export async function requestsFor(
  input: EachInput,
  own: PreparedOperation,
  foreign: PreparedOperation,
  fixture: Fixture,
): Promise<readonly EachRequest[]> {
  const valid = await own.request();
  const put = input.put ?? {};
  if (put.query === 'A.id') return idFilters(own.operation).map((name) => onQuery(valid, name, fixture));
  if (Array.isArray(put.body)) return onList(own, valid, fixture);
  if (put.path === 'A.slug') return onName(valid, await foreign.request());
  if (put.body === 'A.id') return onBody(own, valid, await foreign.request(), fixture);
  const request = await withBody(input, valid, foreign, fixture);
  if (request === undefined) return [];
  if (put.path === 'A.id') return onPath(request, await foreign.request());
  return [{ what: '', request, unknown: request }];
}

function onPath(request: SampleRequest, foreign: SampleRequest): EachRequest[] {
  const ids = Object.entries(foreign.path).filter(([, value]) => idForm.test(value));
  if (ids.length === 0) return [];
  const unknown = Object.fromEntries(ids.map(([name]) => [name, randomUUID()]));
  return [
    {
      what: '',
      request: { ...request, path: { ...request.path, ...Object.fromEntries(ids) } },
      unknown: { ...request, path: { ...request.path, ...unknown } },
    },
  ];
}

/** What A calls something by, and a name nobody has given; the segments that say what kind of thing it is stay. */
function onName(valid: SampleRequest, foreign: SampleRequest): EachRequest[] {
  const name = Object.keys(foreign.path).find((each) => /^(name|slug)$/.test(each));
  if (name === undefined) return [];
  const unknown = { ...valid, path: { ...foreign.path, [name]: freshName() } };
  return [{ what: '', request: { ...valid, path: foreign.path }, unknown }];
}

/** One's own first, then what is A's. */
function onList(own: PreparedOperation, valid: SampleRequest, { names }: Fixture): EachRequest[] {
  return idListsOf(own.target.document, own.operation).map((path) => {
    const [mine, foreignId] = ['B', 'A'].map((letter) => recordOf(path.at(-1) ?? '', letter, names));
    const withIds = (id: string) => ({ ...valid, body: withMember(valid.body, path, [mine, id]) });
    return {
      what: path.join('.'),
      request: withIds(foreignId!),
      unknown: withIds(randomUUID()),
      foreignId: foreignId!,
    };
  });
}

function onQuery(valid: SampleRequest, name: string, { names }: Fixture): EachRequest {
  const withId = (id: string) => ({ ...valid, query: { ...valid.query, [name]: id } });
  return { what: name, request: withId(idOfA(name, names)), unknown: withId(randomUUID()) };
}

function onBody(
  own: PreparedOperation,
  valid: SampleRequest,
  foreign: SampleRequest,
  { names }: Fixture,
): EachRequest[] {
  const fields = fieldsOf(own.target.document, own.operation).filter(
    ({ place, sort }) => place === 'body' && sort === 'uuid',
  );
  return fields.map(({ path }) => {
    const theirs = path.reduce<unknown>(
      (part, name) => (part as Record<string, unknown> | undefined)?.[name],
      foreign.body,
    );
    const id = typeof theirs === 'string' && idForm.test(theirs) ? theirs : idOfA(path.at(-1) ?? '', names);
    const withId = (value: string) => ({ ...valid, body: withMember(valid.body, path, value) });
    return { what: path.join('.'), request: withId(id), unknown: withId(randomUUID()) };
  });
}

function idOfA(name: string, names: Fixture['names']): string {
  return recordOf(name, 'A', names);
}

const kinds = /^(?:parent)?(organization|team|project|tenant|service|role)s?(?:Ids?)?$/i;

/** A record of a tenant of the kind a parameter or member names; without a better guess, a person. */
function recordOf(name: string, letter: string, names: Fixture['names']): string {
  const kind = kinds.exec(name)?.[1]?.toLowerCase();
  const short: Readonly<Record<string, string>> = { organization: 'org' };
  const own = kind === undefined ? undefined : names(`${letter}.${short[kind] ?? kind}`);
  return own ?? names(`${letter}.user`) ?? randomUUID();
}

async function withBody(
  { body }: EachInput,
  valid: SampleRequest,
  foreign: PreparedOperation,
  { names }: Fixture,
): Promise<SampleRequest | undefined> {
  if (body === undefined) return valid;
  const form = body as { $add?: object; $name?: string };
  if (form.$add !== undefined)
    return { ...valid, body: { ...(valid.body as object), ...(makeValue(form.$add, names) as object) } };
  if (form.$name === undefined) return { ...valid, body: makeValue(body, names) };
  // Where nothing has a name, none can be taken.
  if (!('name' in (valid.body as object))) return undefined;
  return { ...valid, body: { ...(valid.body as object), name: await takenName(foreign) } };
}

/** The name of something just made in A. */
async function takenName(foreign: PreparedOperation): Promise<string> {
  const name = freshName();
  const request = await foreign.request();
  const json = JSON.stringify({ ...(request.body as object), name });
  await send(foreign.target.baseUrl, await outgoing(foreign, request, json));
  return name;
}
