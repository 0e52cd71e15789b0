import { MissingError } from '../missing.ts';
import { deviations } from '../expectation.ts';
import type { Form, HostileItem } from '../items.ts';
import type { Outcome } from '../outcome.ts';
import { outgoing } from '../target.ts';
import type { Fixture, PreparedOperation } from '../target.ts';
import { bytes, makeValue, toJson } from '../values/form.ts';
import { send } from '../wire/client.ts';

/** Sends a whole raw body, or a valid body with further members, to every operation that takes JSON. */
export async function runBody(
  item: HostileItem,
  input: { body?: Form; add?: Readonly<Record<string, Form>>; into?: 'yaml' },
  operations: readonly PreparedOperation[],
  fixture: Fixture,
): Promise<readonly Outcome[]> {
  if (input.into === 'yaml') throw new MissingError('route', 'one that takes YAML');
  const places = operations.filter(({ operation }) => operation.body !== undefined);
  const whole = input.add === undefined ? bytes(input.body, fixture.names) : undefined;
  const outcomes: Outcome[] = [];
  for (const prepared of places) {
    const request = await prepared.request();
    const valid = request.body as Record<string, unknown>;
    const body = whole ?? toJson({ ...valid, ...(makeValue(input.add, fixture.names) as object) });
    const answer = await send(prepared.target.baseUrl, await outgoing(prepared, request, body));
    const place = `${prepared.target.name} ${prepared.operation.id}`;
    const sent = body.length > 10_000 ? [] : [String(body)];
    outcomes.push({ item: item.id, place, deviations: deviations(item.expect, { answer, sent }) });
  }
  return outcomes;
}

/** Adds parameters to a valid request of every operation. */
export async function runQuery(
  item: HostileItem,
  input: { add: Readonly<Record<string, string>> },
  operations: readonly PreparedOperation[],
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const prepared of operations) {
    const request = await prepared.request();
    const changed = { ...request, query: { ...request.query, ...input.add } };
    const json = request.body === undefined ? undefined : toJson(request.body);
    const answer = await send(prepared.target.baseUrl, await outgoing(prepared, changed, json));
    const place = `${prepared.target.name} ${prepared.operation.id}`;
    outcomes.push({
      item: item.id,
      place,
      deviations: deviations(item.expect, { answer, sent: Object.values(input.add) }),
    });
  }
  return outcomes;
}
