import type { EventInput, HostileItem } from '../items.ts';
import { MissingError } from '../missing.ts';
import type { Outcome } from '../outcome.ts';
import { placesFor } from '../story/places.ts';
import { createPlayer } from '../story/play.ts';
import type { Stage } from '../story/stage.ts';
import type { Fixture, PreparedOperation } from '../target.ts';

/** What was seen at one reader of the bus, by the names of the facts. */
export interface Sighting {
  place: string;
  facts: Readonly<Record<string, unknown>>;
}

/** The bus of the platform under test, past every producer. */
export interface HostileBus {
  /** Puts what the item describes on the bus and looks at those who read it. */
  put(input: EventInput): Promise<readonly Sighting[]>;
}

/** Puts records on the bus that nobody of the platform would, or silences it, and compares what its readers make of that. */
export async function runEvent(
  item: HostileItem,
  input: EventInput,
  operations: readonly PreparedOperation[],
  fixture: Fixture & { stage: Stage; bus: HostileBus },
): Promise<readonly Outcome[]> {
  const { stage, bus } = fixture;
  await stage.begin(`${JSON.stringify({ input, expect: item.expect })} "as":"ownerA" "as":"memberA" "as":"plainA"`);
  // Beats are heard by the clock: it goes on.
  await stage.finish();
  const sightings = await bus.put(input);
  if (sightings.length === 0) throw new MissingError('route', `a reader of ${input.topic}`);
  const outcomes: Outcome[] = sightings.map(({ place, facts }) => ({
    item: item.id,
    place,
    deviations: Object.entries(item.expect.facts ?? {})
      .filter(([fact, wanted]) => !holds(fact, facts[fact], wanted))
      .map(([fact, wanted]) => `${fact} is ${JSON.stringify(facts[fact])}, expected ${JSON.stringify(wanted)}`),
  }));
  for (const place of placesFor(operations)) {
    const { play } = createPlayer(fixture, stage, place);
    for (const step of item.expect.after ?? []) {
      const answers = (await play(step)).flatMap((played) => played.answers);
      const bad = answers.filter(({ status }) => step.status?.includes(status) !== true);
      const deviations = bad.map(({ status, body }) => `${step.send} was answered ${status} ${body.slice(0, 200)}`);
      outcomes.push({ item: item.id, place: place.name, deviations });
    }
  }
  return outcomes;
}

/** Of statuses one of the wanted; of times their order of magnitude: the machine has other work. */
function holds(fact: string, seen: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) return wanted.includes(seen);
  if (fact.endsWith('WithinMs')) return typeof seen === 'number' && seen <= Math.max(Number(wanted) * 4, 60_000);
  if (wanted === 'any') return seen !== undefined;
  return seen === wanted;
}
