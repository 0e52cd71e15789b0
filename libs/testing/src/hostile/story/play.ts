import type { SendStep, StoryStep } from '../items.ts';
import { MissingError } from '../missing.ts';
import { cookiesOf } from './cookies.ts';
import { bytes, makeValue, text, toJson } from '../values/form.ts';
import type { Names } from '../values/names.ts';
import { jsonOf, send } from '../wire/client.ts';
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
  const names: Names = (name) => {
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
    if (step.arrange !== undefined) await stage.arrange(step.arrange);
    const request = step.refresh === undefined ? step : { ...step, ...refreshing(step.refresh) };
    if (request.send === undefined) return [];
    const answers = await sendStep(request as SendStep);
    const refused = answers.find(({ status }) => status >= 300);
    if (step.save !== undefined && refused !== undefined)
      throw new Error(`${request.send as string} was answered ${refused.status}: ${refused.body}`);
    if (step.save !== undefined) saved.set(step.save, (jsonOf(answers[0]!) as { data?: unknown } | undefined)?.data);
    return [{ step, answers }];
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
    const headers = { ...outgoing.headers, ...(cookie === undefined ? {} : { cookie: cookiesOf(baseUrl, cookie) }) };
    for (let time = 0; time < (step.times ?? 1); time++) {
      const sends = Array.from({ length: step.parallel ?? 1 }, () => send(baseUrl, { ...outgoing, headers }));
      answers.push(...(await Promise.all(sends)));
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
    return body === undefined ? undefined : Buffer.from(toJson(makeValue(body, names)));
  }

  return { play };
}

const known = new Set(
  'send as headers body rawBody contentType parallel times save status via together clock arrange refresh'.split(' '),
);

/** `+11s`, `+59.999s`, `+16m`. */
function milliseconds(text: string): number {
  const [, count = '', unit = ''] = /^\+([\d.]+)([smhd])$/.exec(text) ?? [];
  const factor = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  if (factor === undefined) throw new TypeError(`not a time: ${text}`);
  return Math.round(Number(count) * factor);
}
