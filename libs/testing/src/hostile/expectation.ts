import type { Expectation } from './items.ts';
import { leaksOf } from './leaks.ts';
import type { Answer } from './wire/client.ts';
import { jsonOf } from './wire/client.ts';

/** What a run saw beside the answer itself. */
export interface Observation {
  answer: Answer;
  /** Texts of the request, to tell echoes from leaks. */
  sent: readonly string[];
  /** The value reads back byte for byte; undefined where the item does not ask. */
  exact?: boolean;
}

/** Everything in which an answer differs from what the item expects, and from what holds for every item. Empty: it passed. */
export function deviations(expectation: Expectation, { answer, sent, exact }: Observation): readonly string[] {
  return [
    ...statusDeviation(expectation, answer, exact),
    ...codeDeviation(expectation, answer),
    ...general(expectation, answer, sent),
  ];
}

function statusDeviation(
  { status, orClosed, orExact }: Expectation,
  answer: Answer,
  exact: boolean | undefined,
): string[] {
  if (answer.status === 0) return orClosed === true ? [] : ['closed without an answer'];
  if (status === undefined || status.includes(answer.status)) return [];
  const success = answer.status >= 200 && answer.status < 300;
  if (orExact === true && success)
    return exact === true ? [] : [`${answer.status}, but the value does not read back exactly`];
  return [`status ${answer.status}, expected ${status.join(' or ')}${orExact === true ? ' or an exact copy' : ''}`];
}

function codeDeviation({ code }: Expectation, answer: Answer): string[] {
  if (code === undefined || answer.status === 0) return [];
  const body = jsonOf(answer) as { error?: { code?: string } } | undefined;
  return code.includes(body?.error?.code ?? '') ? [] : [`code ${body?.error?.code}, expected ${code.join(' or ')}`];
}

function general(expectation: Expectation, answer: Answer, sent: readonly string[]): string[] {
  const found: string[] = leaksOf(answer, sent).map((what) => `gives away ${what}`);
  if (answer.status >= 500 && expectation.status?.includes(answer.status) !== true)
    found.push(`status ${answer.status}`);
  for (const text of (expectation.absent ?? []) as string[]) {
    const body = sent.reduce((rest, each) => (each === '' ? rest : rest.replaceAll(each, '')), answer.body);
    if (wholeText(body, text)) found.push(`answer holds ${text}`);
  }
  for (const header of expectation.absentHeaders ?? []) {
    const [name = '', value] = header.toLowerCase().split(': ');
    const seen = answer.headers.some(
      ([key, text]) => key === name && (value === undefined || text.toLowerCase().includes(value)),
    );
    if (seen) found.push(`header ${header}`);
  }
  const { withinMs } = expectation;
  // Limits of milliseconds are judged where nothing else runs; here only an order of magnitude counts.
  if (withinMs !== undefined && answer.elapsedMs > Math.max(withinMs * 4, withinMs + 2_000))
    found.push(`answered in ${Math.round(answer.elapsedMs)} ms`);
  return found;
}

/** Ids and times, which hold any number now and then. */
const madeByServer = /"(?:requestId|traceId)":"[^"]*"|\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** A bare number must stand alone: `49` in an id is no computed template. */
function wholeText(body: string, text: string): boolean {
  return /^\d+$/.test(text)
    ? new RegExp(`(?<![\\w-])${text}(?![\\w-])`).test(body.replace(madeByServer, ''))
    : body.includes(text);
}
