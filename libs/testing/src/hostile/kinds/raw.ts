import { deviations } from '../expectation.ts';
import type { Form, HostileItem } from '../items.ts';
import type { Outcome } from '../outcome.ts';
import { onePerTarget, placeOf, routesFor } from '../routes.ts';
import { targetOf } from '../target.ts';
import type { Fixture, PreparedOperation, Target } from '../target.ts';
import { bytes } from '../values/form.ts';
import type { Names } from '../values/names.ts';
import { sendRaw } from '../wire/raw.ts';
import type { RawAnswer } from '../wire/raw.ts';

const first = /^([A-Za-z]+) (\/[^ ?#\r\n]*)/;

/** Writes bytes on a fresh socket of every service that has the route, or one that stands in for it. */
export async function runRaw(
  item: HostileItem,
  input: { bytes: Form },
  operations: readonly PreparedOperation[],
  fixture: Fixture,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { place, target, rewrite } of await rawPlaces(input, operations, fixture)) {
    const names: Names = (name) => (name === 'host' ? new URL(target.baseUrl).host : fixture.names(name));
    const message = rewrite(bytes(input.bytes, names).toString('latin1'));
    const answer = await sendRaw(target.baseUrl, Buffer.from(message, 'latin1'));
    const sent = message.length > 10_000 ? [] : message.split(/\r?\n/);
    const found = [
      ...deviations(item.expect, { answer, sent }),
      ...facts(item, answer),
      ...actsAs(item, answer, fixture),
    ];
    outcomes.push({ item: item.id, place, deviations: found });
  }
  return outcomes;
}

interface RawPlace {
  place: string;
  target: Target;
  rewrite: (message: string) => string;
}

/** A decision names nobody: what members are told of is asked about what owners alone hold, in a body as long as the item's. */
const heldByAll = '{"permission":"catalog:entity:read"}';
const heldByOwners = '{"permission":"auth:tenant:delete"} ';

/** Requests that no router ever sees (CONNECT, wrong targets) and those to routes nobody needs to have go to every service. */
async function rawPlaces(
  input: { bytes: Form },
  operations: readonly PreparedOperation[],
  fixture: Fixture,
): Promise<RawPlace[]> {
  const message = bytes(input.bytes, (name) => (name === 'host' ? 'h.test' : fixture.names(name))).toString('latin1');
  const [, method = '', path = ''] = first.exec(message) ?? [];
  const targets = [...new Set(operations.map(({ target }) => target))];
  if (method === '' || path.endsWith('/github'))
    return targets.map((target) => ({ place: target.name, target, rewrite: (text) => text }));
  const routes = onePerTarget(routesFor(method.toUpperCase(), path, operations));
  return Promise.all(
    routes.map(async (route) => {
      const own = targetOf(route.prepared.operation.path, { ...(await route.prepared.request()), query: {} });
      return {
        place: placeOf(route),
        target: route.prepared.target,
        rewrite: (text: string) => (route.exact ? text.replace(heldByAll, heldByOwners) : text.replace(path, own)),
      };
    }),
  );
}

function facts({ expect }: HostileItem, answer: RawAnswer): string[] {
  const found: string[] = [];
  const { answers, upgraded } = expect.facts ?? {};
  if (answers !== undefined && answer.answers > Number(answers)) found.push(`${answer.answers} answers`);
  if (upgraded !== undefined && answer.upgraded !== upgraded) found.push(`upgraded is ${String(answer.upgraded)}`);
  return found;
}

/** A success must speak of the named principal and of no other. */
function actsAs({ expect }: HostileItem, answer: RawAnswer, fixture: Fixture): string[] {
  if (expect.actsAs === undefined || answer.status !== 200) return [];
  const [principal = ''] = expect.actsAs.split('|');
  if (/"allowed":(true|false)/.test(answer.body)) {
    return answer.body.includes('"allowed":true') ? [`may what ${principal} may not`] : [];
  }
  const id = fixture.names(`${principal}.id`);
  const other = fixture.names('ownerA.id');
  const right =
    id !== undefined &&
    answer.body.includes(id) &&
    (other === undefined || other === id || !answer.body.includes(other));
  return right ? [] : [`acts as somebody other than ${principal}`];
}
