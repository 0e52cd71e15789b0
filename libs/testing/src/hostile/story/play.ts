import type { SendStep, StoryStep } from '../items.ts';
import { MissingError } from '../missing.ts';
import { cookiesOf } from './cookies.ts';
import { bytes, makeValue, text, toJson } from '../values/form.ts';
import type { Names } from '../values/names.ts';
import { headerOf, jsonOf, send } from '../wire/client.ts';
import type { Answer, Outgoing } from '../wire/client.ts';
import type { Fixture } from '../target.ts';
import type { Place } from './places.ts';
import type { Stage } from './stage.ts';

/** Answers of one step, with what the step itself says about them. */
export interface Played {
  step: StoryStep;
  answers: readonly Answer[];
}

/** Plays steps in order at one place. What they save is known to the later ones. */
export function createPlayer(fixture: Fixture, stage: Stage, place: Place) {
  const saved = new Map<string, unknown>();
  const arranged = new Map<string, string>();
  const names: Names = (name) => {
    const made = arranged.get(name);
    if (made !== undefined) return made;
    const [subject = '', ...members] = name.split('.');
    if (!saved.has(subject)) return fixture.names(name);
    const value = members.reduce<unknown>(
      (part, member) => (part as Record<string, unknown>)?.[member],
      saved.get(subject),
    );
    return typeof value === 'string' ? value : undefined;
  };

  async function play(step: StoryStep): Promise<Played[]> {
    const unknown = Object.keys(step).find((key) => !known.has(key));
    if (unknown !== undefined) throw new MissingError('capability', `step ${unknown}`);
    const { together } = step;
    if (together !== undefined) {
      const played = (await stage.together(together.length, () => Promise.all(together.map(play)))).flat();
      return [{ step, answers: played.flatMap(({ answers }) => answers) }];
    }
    if (step.clock !== undefined) stage.advance(milliseconds(step.clock));
    if (step.fault !== undefined) await stage.fault(step.fault, step.state ?? '');
    if (step.arrange !== undefined) {
      for (const [name, value] of Object.entries(await stage.arrange(step.arrange))) arranged.set(name, value);
    }
    const request = step.refresh === undefined ? step : { ...step, ...refreshing(step.refresh) };
    if (request.send === undefined) return [];
    const answers = await sendStep(request as SendStep);
    const refused = answers.find(({ status }) => status >= 300);
    if (step.save !== undefined && refused !== undefined)
      throw new Error(`${request.send as string} was answered ${refused.status}: ${refused.body}`);
    if (step.save !== undefined) saved.set(step.save, dataOf(await settled(request as SendStep, answers[0]!)));
    return [{ step, answers }];
  }

  /** What is made later is saved as it becomes. */
  async function settled(step: SendStep, answer: Answer): Promise<Answer> {
    const location = answer.status === 202 ? headerOf(answer, 'location') : undefined;
    if (location === undefined) return answer;
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const [now] = await sendStep({ send: `GET ${location}`, ...(step.as !== undefined && { as: step.as }) });
      const { state } = (dataOf(now!) ?? {}) as { state?: string };
      if (state !== 'pending' || performance.now() > deadline) return now!;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  function refreshing(who: string): Pick<SendStep, 'send' | 'body'> {
    const token = who.startsWith('with ') ? who.slice(5).replace('»', '.refreshToken»') : `«${who}.refresh»`;
    return { send: 'POST ~/refresh', body: { refreshToken: token } };
  }

  async function sendStep(step: SendStep & { times?: number }): Promise<Answer[]> {
    const outgoing = await requestOf(step);
    const path = outgoing.target.split('?')[0]!;
    const { baseUrl } = place.targetOf(outgoing.method, path);
    const answers: Answer[] = [];
    const cookie = outgoing.headers?.['cookie'];
    const headers = {
      ...outgoing.headers,
      ...(cookie === undefined ? {} : { cookie: cookiesOf(fixture.secure === true, cookie) }),
    };
    for (let time = 0; time < (step.times ?? 1); time++) {
      const sends = Array.from({ length: step.parallel ?? 1 }, () => send(baseUrl, { ...outgoing, headers }));
      answers.push(...(await Promise.all(sends)));
    }
    for (let next = step.allPages === true ? cursorOf(answers) : undefined; next !== undefined;) {
      const target = `${path}?${new URLSearchParams([...paramsOf(outgoing.target), ['cursor', next]]).toString()}`;
      answers.push(await send(baseUrl, { ...outgoing, headers, target }));
      next = cursorOf(answers);
    }
    return answers;
  }

  async function requestOf(step: SendStep): Promise<Outgoing> {
    const [method = '', target = ''] = text(step.send, names).split(/ (.*)/s);
    const body = step.rawBody === undefined ? jsonBody(step) : bytes(step.rawBody, names);
    const credentials = step.as === undefined ? {} : await fixture.credentials(step.as);
    const type = 'contentType' in step ? step.contentType : body === undefined ? null : 'application/json';
    const headers: Record<string, string> = {
      ...(/^(PUT|PATCH|DELETE)$/.test(method) ? { 'if-match': '*' } : {}),
      ...credentials,
      ...(type === null || type === undefined ? {} : { 'content-type': type }),
    };
    for (const [name, form] of Object.entries(step.headers ?? {})) {
      if (form === null) delete headers[name.toLowerCase()];
      else headers[name.toLowerCase()] = text(form, names);
    }
    // What was done at one place is not done at the other.
    if (headers['idempotency-key'] !== undefined) {
      headers['idempotency-key'] += `-${place.name}`;
    }
    return { method, target: target.replace(/^~/, '/api/v1/auth'), headers, ...(body === undefined ? {} : { body }) };
  }

  function jsonBody({ body }: SendStep): Buffer | undefined {
    return body === undefined ? undefined : Buffer.from(toJson(makeValue(body, names, { now: fixture.now })));
  }

  return { play, arranged: (): ReadonlyMap<string, string> => arranged };
}

const known = new Set(
  'send as headers body rawBody contentType parallel times save status via together clock arrange refresh allPages fault state'.split(
    ' ',
  ),
);
/** For what a service makes in its own time. */
const patienceMs = 60_000;

function dataOf(answer: Answer): unknown {
  return (jsonOf(answer) as { data?: unknown } | undefined)?.data;
}

function cursorOf(answers: readonly Answer[]): string | undefined {
  const { meta } = (jsonOf(answers.at(-1)!) ?? {}) as { meta?: { nextCursor?: string } };
  return meta?.nextCursor ?? undefined;
}

function paramsOf(target: string): [string, string][] {
  return [...new URLSearchParams(target.split('?')[1] ?? '')].filter(([name]) => name !== 'page');
}

/** `+11s`, `+59.999s`, `+16m`. */
function milliseconds(text: string): number {
  const [, count = '', unit = ''] = /^\+([\d.]+)([smhd])$/.exec(text) ?? [];
  const factor = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  if (factor === undefined) throw new TypeError(`not a time: ${text}`);
  return Math.round(Number(count) * factor);
}
