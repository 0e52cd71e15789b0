import { isDeepStrictEqual } from 'node:util';
import type { Expectation, StoryStep } from '../items.ts';
import { headerOf, jsonOf } from '../wire/client.ts';
import type { Answer } from '../wire/client.ts';
import type { Played } from './play.ts';
import type { Stage } from './stage.ts';

/** What is left to ask once a story is over. */
export interface Epilogue {
  /** Of the last step. */
  answers: readonly Answer[];
  /** The last step once more, with changes. */
  replay(change: Partial<StoryStep>): Promise<Answer>;
  last: StoryStep;
  /** What the arrangements made, by the names of the data. */
  arranged: ReadonlyMap<string, string>;
}

type Fact = (epilogue: Epilogue) => unknown;

/** Facts that stand in the answers of the last step, or in those to the same step sent otherwise; the stage knows the others. */
const facts: Readonly<Record<string, Fact>> = {
  effects: ({ answers }) =>
    answers.filter((answer) => answer.status < 300 && headerOf(answer, 'idempotency-replayed') === undefined).length,
  sameBody: ({ answers }) => answers.every((answer) => isDeepStrictEqual(dataOf(answer), dataOf(answers[0]!))),
  rotations: ({ answers }) =>
    new Set(answers.map((answer) => (dataOf(answer) as { refreshToken?: string })?.refreshToken)).size,
  newCookies: ({ answers }) =>
    answers.flatMap(({ headers }) =>
      headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value.split('=')[0]),
    ),
  deletedSeen: ({ answers, arranged }) =>
    [...arranged].filter(
      ([name, id]) =>
        name.includes('.deleted') && answers.some(({ status, body }) => status === 200 && body.includes(id)),
    ).length,
  ignored: ({ answers, last, replay }) => ignoredHeaders(answers[0]!, last, replay),
  async sameAsPlainPath({ answers, last, replay }) {
    const plain = await replay({ send: decodeURI(last.send as string) });
    // Either nobody is there, or it is the path itself: never a third.
    return answers.every((answer) => answer.status === 404 || answer.status === 400 || sameAnswer(answer, plain));
  },
};

/** Headers of the step that may say anything at all. */
async function ignoredHeaders(
  answer: Answer,
  { headers = {} }: StoryStep,
  replay: Epilogue['replay'],
): Promise<string[]> {
  const ignored: string[] = [];
  for (const name of Object.keys(headers)) {
    const other = await replay({ headers: { ...headers, [name]: 'Bearer nonsense' } });
    if (sameAnswer(answer, other)) ignored.push(name);
  }
  return ignored;
}

function sameAnswer(one: Answer, other: Answer): boolean {
  return one.status === other.status && isDeepStrictEqual(dataOf(one), dataOf(other));
}

/** What is not as the item says about everything beyond status and body. */
export async function factDeviations(expect: Expectation, epilogue: Epilogue, stage: Stage): Promise<string[]> {
  const found: string[] = [];
  for (const [fact, wanted] of Object.entries(expect.facts ?? {})) {
    const read = facts[fact];
    const seen = read === undefined ? await stage.fact(fact) : await read(epilogue);
    if (!fits(seen, wanted)) found.push(`${fact} is ${JSON.stringify(seen)}, expected ${JSON.stringify(wanted)}`);
  }
  return found;
}

/** The last step of a story, for what comes after it. */
export function lastOf(played: readonly Played[]): Played {
  return played.at(-1) ?? { step: {}, answers: [] };
}

/** A list is held when everything wanted is there; cookies by their names without the prefixes of HTTPS. */
function fits(seen: unknown, wanted: unknown): boolean {
  if (!Array.isArray(wanted) || !Array.isArray(seen)) return isDeepStrictEqual(seen, wanted);
  return wanted.every((each: string) => seen.includes(each) || seen.includes(each.replace(/^__(?:Host|Secure)-/, '')));
}

function dataOf(answer: Answer): unknown {
  return (jsonOf(answer) as { data?: unknown } | undefined)?.data;
}
