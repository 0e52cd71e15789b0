import { isDeepStrictEqual } from 'node:util';
import { deviations } from '../expectation.ts';
import type { Expectation, HostileItem, SendStep, StoryStep } from '../items.ts';
import { MissingError } from '../missing.ts';
import type { Outcome } from '../outcome.ts';
import { cookieDeviations } from '../story/cookies.ts';
import { factDeviations, lastOf, type Epilogue } from '../story/facts.ts';
import { createPlayer } from '../story/play.ts';
import type { Played } from '../story/play.ts';
import { placesFor } from '../story/places.ts';
import type { Place } from '../story/places.ts';
import type { Stage } from '../story/stage.ts';
import type { Fixture, PreparedOperation } from '../target.ts';

/** A request as a story of one step. */
export function oneStep(input: { kind: 'request' } & SendStep): StoryStep {
  const { kind: _kind, ...step } = input;
  return step;
}

/** Plays the steps of an item at the services themselves and through the gateway, each time with sessions and keys of its own. */
export async function runStory(
  item: HostileItem,
  steps: readonly StoryStep[],
  operations: readonly PreparedOperation[],
  { fixture, stage, needs }: { fixture: Fixture; stage: Stage; needs: readonly string[] | undefined },
): Promise<readonly Outcome[]> {
  const lacking = needs?.filter((each) => each !== 'https' || fixture.secure !== true) ?? [];
  if (lacking.length > 0) throw new MissingError('capability', lacking.join(' '));
  const outcomes: Outcome[] = [];
  for (const place of placesFor(operations, steps.find(({ via }) => via !== undefined)?.via)) {
    try {
      const found = await playAt(place, item, steps, { fixture, stage });
      outcomes.push({ item: item.id, place: place.name, deviations: found });
    } finally {
      await stage.finish();
    }
  }
  return outcomes;
}

async function playAt(
  place: Place,
  { input, expect }: HostileItem,
  steps: readonly StoryStep[],
  { fixture, stage }: { fixture: Fixture; stage: Stage },
): Promise<string[]> {
  await stage.begin(JSON.stringify({ input, expect }));
  const rows = () => Promise.all((expect.unchanged ?? []).map((principal) => stage.rows(principal)));
  const events = () => Promise.all((expect.event ?? []).map((type) => stage.events(type)));
  const [rowsBefore, eventsBefore] = [await rows(), await events()];
  const player = createPlayer(fixture, stage, place);
  const played: Played[] = [];
  for (const step of steps) played.push(...(await player.play(step)));
  const found = [
    ...before(played.slice(0, -1)),
    ...judge(expect, played),
    ...(await factDeviations(expect, epilogueOf(player, played), stage)),
    ...canaries(expect, played, fixture),
  ];
  if (!isDeepStrictEqual(rowsBefore, await rows())) found.push(`rows of ${expect.unchanged?.join()} have changed`);
  const eventsAfter = await events();
  const silent = (expect.event ?? []).filter((_type, index) => eventsAfter[index] === eventsBefore[index]);
  found.push(...silent.map((type) => `no event ${type}`));
  for (const step of expect.after ?? []) found.push(...before(await player.play(step)));
  return found;
}

function epilogueOf({ play, arranged }: ReturnType<typeof createPlayer>, played: readonly Played[]): Epilogue {
  const { step: last, answers } = lastOf(played);
  const replay = async (change: Partial<StoryStep>) => (await play({ ...last, ...change }))[0]!.answers[0]!;
  return { answers, last, replay, arranged: arranged() };
}

/** Steps with a status of their own are held to it; others on the way there must succeed, or the story has not happened. */
function before(played: readonly Played[]): string[] {
  return played.flatMap(({ step, answers }) =>
    answers.flatMap((answer) => {
      const fits = step.status === undefined ? answer.status < 300 : step.status.includes(answer.status);
      return fits
        ? []
        : [`${step.send ?? step.refresh ?? ''} was answered ${answer.status} ${answer.body.slice(0, 200)}`];
    }),
  );
}

function judge(expect: Expectation, played: readonly Played[]): string[] {
  const answers = played.at(-1)?.answers ?? [];
  const judged = expect.last === undefined ? answers : answers.slice(-1);
  const found = judged.flatMap((answer) => [
    ...deviations({ ...expect, ...expect.last }, { answer, sent: [] }),
    ...cookieDeviations(expect, answer),
  ]);
  const all = played.flatMap((each) => each.answers);
  for (const [status, wanted] of Object.entries(expect.count ?? {})) {
    const seen = all.filter(
      (answer) => String(answer.status).replace(/..$/, (rest) => (status.endsWith('xx') ? 'xx' : rest)) === status,
    );
    if (!isNumber(seen.length, wanted))
      found.push(
        `${seen.length} answers ${status} of ${all.map((answer) => answer.status).join()}, expected ${JSON.stringify(wanted)}`,
      );
  }
  return [...new Set(found)];
}

function canaries({ absentCanary }: Expectation, played: readonly Played[], { names }: Fixture): string[] {
  const canary = absentCanary === undefined ? undefined : names(`${absentCanary}.canary`);
  const holds = canary !== undefined && played.some(({ answers }) => answers.some(({ body }) => body.includes(canary)));
  return holds ? ['a canary of another tenant'] : [];
}

function isNumber(seen: number, wanted: number | readonly number[]): boolean {
  return typeof wanted === 'number' ? seen === wanted : seen >= (wanted[0] ?? 0) && seen <= (wanted[1] ?? 0);
}
