import { MissingError } from '../missing.ts';
import { deviations } from '../expectation.ts';
import type { Expectation, FieldSort, Form, HostileItem } from '../items.ts';
import { fieldsOf } from '../openapi/fields.ts';
import type { Field } from '../openapi/fields.ts';
import { withMember } from '../openapi/sample.ts';
import type { SampleRequest } from '../openapi/sample.ts';
import type { Outcome } from '../outcome.ts';
import { outgoing } from '../target.ts';
import type { Fixture, PreparedOperation } from '../target.ts';
import { makeValue, RawJson, toJson } from '../values/form.ts';
import { headerOf, jsonOf, send } from '../wire/client.ts';
import type { Answer } from '../wire/client.ts';

/** Every field of a sort in every operation. */
export function placesOf(
  sort: FieldSort,
  operations: readonly PreparedOperation[],
): { prepared: PreparedOperation; field: Field }[] {
  return operations.flatMap((prepared) =>
    fieldsOf(prepared.target.document, prepared.operation)
      .filter((field) => field.sort === sort || (sort === 'number' && field.sort === 'integer'))
      .map((field) => ({ prepared, field })),
  );
}

/** Sends the value of an item in every field of its sort, one valid request each. */
export async function runValue(
  item: HostileItem,
  input: { field: FieldSort; value: Form },
  operations: readonly PreparedOperation[],
  fixture: Fixture,
): Promise<readonly Outcome[]> {
  const places = placesOf(input.field, operations);
  if (places.length === 0) throw new MissingError('field', input.field);
  const outcomes: Outcome[] = [];
  for (const { prepared, field } of places) {
    const value = makeValue(input.value, fixture.names, field);
    await prepared.arrangement.clear?.();
    const { answer } = await sendField(prepared, field, value);
    const exact = await readsBack(item.expect, { prepared, field }, answer, value);
    const place = `${prepared.target.name} ${prepared.operation.id} ${field.path.join('.')}`;
    outcomes.push({
      item: item.id,
      place,
      deviations: deviations(withMiss(item.expect, prepared, field), { answer, sent: textsOf(value), exact }),
    });
  }
  return outcomes;
}

/** A text that is only looked up, and could be stored, may be answered like one that names nothing. */
function withMiss(expectation: Expectation, { arrangement }: PreparedOperation, field: Field): Expectation {
  const miss = arrangement.misses?.[field.path.at(-1) ?? ''];
  if (miss === undefined || expectation.orExact !== true) return expectation;
  return { ...expectation, status: [...(expectation.status ?? []), miss] };
}

export async function sendField(
  prepared: PreparedOperation,
  field: Field,
  value: unknown,
): Promise<{ answer: Answer }> {
  const request = withField(await prepared.request(), field, value);
  const json = request.body === undefined ? undefined : toJson(request.body);
  return { answer: await send(prepared.target.baseUrl, await outgoing(prepared, request, json)) };
}

function withField(request: SampleRequest, { place, path }: Field, value: unknown): SampleRequest {
  if (place === 'body') return { ...request, body: withMember(request.body, path, value) };
  return { ...request, [place]: { ...request[place], [path[0] ?? '']: String(value) } };
}

async function readsBack(
  { orExact }: Expectation,
  { prepared, field }: { prepared: PreparedOperation; field: Field },
  answer: Answer,
  value: unknown,
): Promise<boolean> {
  if (orExact !== true || answer.status >= 300) return false;
  const { storesNothing, canonical = [] } = prepared.arrangement;
  if (storesNothing === true || canonical.includes(field.path.at(-1) ?? '')) return true;
  const wanted = value instanceof RawJson ? (JSON.parse(value.text) as unknown) : value;
  if (holds(jsonOf(answer), wanted)) return true;
  const location = headerOf(answer, 'location');
  if (location === undefined) return false;
  const { pathname, search } = new URL(location, prepared.target.baseUrl);
  const again = await send(prepared.target.baseUrl, {
    method: 'GET',
    target: pathname + search,
    headers: await prepared.headers(),
  });
  return holds(jsonOf(again), wanted);
}

function holds(json: unknown, wanted: unknown): boolean {
  if (json === wanted || (wanted === 0 && json === 0)) return true;
  return json !== null && typeof json === 'object' && Object.values(json).some((member) => holds(member, wanted));
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(textsOf) : [];
}
