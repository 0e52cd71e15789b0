import { deviations } from '../expectation.ts';
import { factDeviations, requireKnownFacts, sameAsUnknown, shape } from '../each/facts.ts';
import type { EachInput } from '../each/input.ts';
import { withLocalNames } from '../each/local-names.ts';
import { requestsFor } from '../each/requests.ts';
import type { EachRequest } from '../each/requests.ts';
import { operationsMeant } from '../each/selection.ts';
import { sendAs } from '../each/send.ts';
import type { HostileItem } from '../items.ts';
import { MissingError } from '../missing.ts';
import type { Outcome } from '../outcome.ts';
import type { Fixture, PreparedOperation, Sides } from '../target.ts';

/** Sends the request of an item to every operation it means, as somebody of one tenant with ids of the other. */
export async function runEach(
  item: HostileItem,
  input: EachInput,
  sides: Sides,
  fixture: Fixture,
): Promise<readonly Outcome[]> {
  requireKnownFacts(item);
  const side = input.as.endsWith('B') ? sides.b : sides.a;
  const outcomes: Outcome[] = [];
  const bodies = new Set<string>();
  for (const own of operationsMeant(input.operations, side, fixture.lowestRole)) {
    const foreign = sides.a.find(({ operation, target }) => operation.id === own.operation.id && target === own.target);
    if (foreign === undefined || !(await mayAtAll(own, input, fixture))) continue;
    const local = await withLocalNames(input, foreign, { fixture, sides });
    if (local === undefined) continue;
    for (const each of await requestsFor(input, own, foreign, local)) {
      const found = await judge(item, input, { own, each, fixture: local, bodies });
      const place = `${own.target.name} ${own.operation.id} ${each.what}`.trimEnd();
      outcomes.push({ item: item.id, place, deviations: found });
    }
  }
  if (bodies.size > 1) outcomes.push({ item: item.id, place: 'together', deviations: [...bodies] });
  if (outcomes.length === 0) throw new MissingError('route', input.operations);
  return outcomes;
}

interface Attempt {
  own: PreparedOperation;
  each: EachRequest;
  /** What the answers below /api/v1 say; routes of Backstage have the form of their protocol. */
  bodies: Set<string>;
  fixture: Fixture;
}

/** Whoever may not read a thing of the kind at all is told so before anybody looks at the rest. */
async function mayAtAll(own: PreparedOperation, input: EachInput, fixture: Fixture): Promise<boolean> {
  if (!/list|search|^GET/.test(input.operations)) return true;
  const answer = await sendAs(own, await own.request(), { as: input.as } as EachInput, fixture);
  return answer.status === 200;
}

async function judge(item: HostileItem, input: EachInput, attempt: Attempt): Promise<string[]> {
  const { expect } = item;
  const { own, each, fixture, bodies } = attempt;
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
  const seen = { own, each, answer, input, fixture };
  if (expect.sameAs === 'unknownId') found.push(...(await sameAsUnknown(seen)));
  if (expect.facts?.['sameBody'] === true && own.operation.path.startsWith('/api/v1/'))
    bodies.add(shape(answer, each.request));
  return [...found, ...(await factDeviations(item, seen))];
}
