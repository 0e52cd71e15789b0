import { MissingError } from '../missing.ts';
import { deviations } from '../expectation.ts';
import type { FieldSort, HostileItem } from '../items.ts';
import type { Outcome } from '../outcome.ts';
import type { Fixture, PreparedOperation } from '../target.ts';
import { fillNames } from '../values/names.ts';
import type { Answer } from '../wire/client.ts';
import { placesOf, sendField } from './value.ts';

/**
 * Creates two records, one after the other, whose unique field has these two values. A field that takes neither value keeps them apart by
 * refusing both.
 */
export async function runPair(
  item: HostileItem,
  input: { field: FieldSort; first: string; second: string },
  operations: readonly PreparedOperation[],
  fixture: Fixture,
): Promise<readonly Outcome[]> {
  const places = placesOf(input.field, operations).filter(
    ({ prepared, field }) =>
      prepared.operation.method === 'POST' &&
      prepared.operation.statuses.includes('201') &&
      field.path.length === 1 &&
      fixture.arrangements[prepared.operation.id]?.repeatable?.includes(field.path[0] ?? '') !== true &&
      /^(name|email|slug|title)$/.test(field.path[0] ?? ''),
  );
  if (places.length === 0) throw new MissingError('field', `unique ${input.field}`);
  const outcomes: Outcome[] = [];
  for (const { prepared, field } of places) {
    const first = fillNames(input.first, fixture.names);
    const second = fillNames(input.second, fixture.names);
    await prepared.arrangement.clear?.();
    const { answer: one } = await sendField(prepared, field, first);
    const { answer: two } = await sendField(prepared, field, second);
    const found = [
      ...judge(item, one, two),
      ...deviations({}, { answer: one, sent: [first] }),
      ...deviations({}, { answer: two, sent: [second] }),
    ];
    outcomes.push({ item: item.id, place: `${prepared.target.name} ${prepared.operation.id}`, deviations: found });
  }
  return outcomes;
}

const created = (answer: Answer) => answer.status >= 200 && answer.status < 300;
const refused = (answer: Answer) => answer.status === 400 || answer.status === 422;

function judge({ expect }: HostileItem, one: Answer, two: Answer): string[] {
  // A field that does not take the first keeps nothing a second could collide with.
  if (refused(one)) return [];
  if (!created(one)) return [`the first was answered ${one.status}`];
  if (expect.pair === 'distinct') return created(two) ? [] : [`the second was answered ${two.status}`];
  if (expect.pair === 'sameOrDistinct')
    return created(two) || two.status === 409 ? [] : [`the second was answered ${two.status}`];
  const collides = two.status === 409 || (expect.status === undefined && refused(two));
  return collides ? [] : [`the second was answered ${two.status}, expected a collision`];
}
