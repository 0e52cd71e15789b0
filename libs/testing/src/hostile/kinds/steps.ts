import { deviations } from '../expectation.ts';
import type { HostileItem, SendStep, StoryStep } from '../items.ts';
import { MissingError } from '../missing.ts';
import { freshName } from '../openapi/sample.ts';
import type { Outcome } from '../outcome.ts';
import { placeOf } from '../routes.ts';
import type { Route } from '../routes.ts';
import type { Fixture, PreparedOperation } from '../target.ts';
import { toJson } from '../values/form.ts';
import { headerOf, send } from '../wire/client.ts';
import type { Answer } from '../wire/client.ts';
import { bodyOf, build, places } from './request.ts';

const known = new Set(['send', 'as', 'headers', 'body', 'rawBody', 'contentType', 'parallel']);

/** Runs steps that send requests, in order, at every place of the first. Other kinds of step need more of the platform. */
export async function runSteps(
  item: HostileItem,
  steps: readonly StoryStep[],
  operations: readonly PreparedOperation[],
  fixture: Fixture,
): Promise<readonly Outcome[]> {
  const unknown = steps.flatMap((step) => Object.keys(step).filter((key) => !known.has(key)))[0];
  if (unknown !== undefined) throw new MissingError('capability', `step ${unknown}`);
  const sends = steps as readonly SendStep[];
  const [firstStep] = sends;
  if (firstStep === undefined) return [];
  const outcomes: Outcome[] = [];
  for (const route of places(firstStep, operations, fixture)) {
    const answers = await runAt(route, sends, fixture);
    const last = answers.at(-1)?.at(-1);
    const each = answers
      .flat()
      .flatMap((answer) => deviations({ ...item.expect, ...item.expect.last }, { answer, sent: [] }));
    const found =
      item.expect.last === undefined
        ? each
        : last === undefined
          ? []
          : deviations(item.expect.last, { answer: last, sent: [] });
    const canary =
      item.expect.absentCanary === undefined ? undefined : fixture.names(`${item.expect.absentCanary}.canary`);
    const leaked = canary !== undefined && last?.body.includes(canary) === true ? ['a canary of another tenant'] : [];
    outcomes.push({
      item: item.id,
      place: placeOf(route),
      deviations: [...new Set([...found, ...leaked, ...effects(item, answers.flat())])],
    });
  }
  return outcomes;
}

/** A stand-in has members of its own: equal names in the item stay equal, different ones different; keys are new at each place. */
async function runAt(route: Route, steps: readonly SendStep[], fixture: Fixture): Promise<Answer[][]> {
  const { prepared } = route;
  const valid = await prepared.request();
  const fresh = freshName();
  const canary = fixture.names('A.canary') ?? '';
  const answers: Answer[][] = [];
  for (const step of steps) {
    const request = await build(step, route, fixture, route.exact ? bodyOf(step, fixture) : undefined);
    const name = (step.body as { name?: string } | undefined)?.name;
    const own = { ...withoutCanary(valid.body as object, canary), name: `${fresh}-${name}` };
    const body = route.exact || name === undefined ? request.body : toJson(own);
    const key = (step.headers?.['Idempotency-Key'] as string | undefined) ?? '';
    const credentials = route.exact ? {} : await fixture.credentials(step.as ?? 'ownerA');
    const headers = {
      ...request.headers,
      ...credentials,
      'content-type': 'application/json',
      'Idempotency-Key': `${key}-${fresh}`,
    };
    const sends = Array.from({ length: step.parallel ?? 1 }, () =>
      send(prepared.target.baseUrl, { ...request, headers, ...(body === undefined ? {} : { body }) }),
    );
    answers.push(await Promise.all(sends));
  }
  return answers;
}

/** Whoever sends the step does not send the canary of A for A. */
function withoutCanary(body: object, canary: string): object {
  return Object.fromEntries(
    Object.entries(body).filter(([, value]) => canary === '' || !String(value).includes(canary)),
  );
}

/** State changes among answers to one key: successes that are no replay. */
function effects({ expect }: HostileItem, answers: readonly Answer[]): string[] {
  const wanted = expect.facts?.['effects'];
  if (wanted === undefined) return [];
  const count = answers.filter(
    (answer) => answer.status < 300 && headerOf(answer, 'idempotency-replayed') === undefined,
  ).length;
  return count === wanted ? [] : [`${count} effects, expected ${JSON.stringify(wanted)}`];
}
