import type { ClassRules } from '../classes.ts';
import { callFailure } from './failure.ts';

const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Rule 7: where an answer sends the caller, as text that goes through all rules again; `undefined` when the class follows none, when the
 * method is not GET or HEAD, or when the answer is no redirect. Throws {@link callFailure} `redirect` for a step from https to http.
 */
export function redirectOf(
  answer: { status: number; headers: Readonly<Record<string, string>> },
  request: { url: URL; method: string },
  rules: ClassRules,
): string | undefined {
  const location = answer.headers['location'];
  if (rules.redirectsMax === 0 || location === undefined || !redirects.has(answer.status)) return undefined;
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  const next = absolute(location.replace(/#.*$/s, ''), request.url);
  if (request.url.protocol === 'https:' && !/^https:/i.test(next)) throw callFailure('redirect');
  return next;
}

/** Keeps the host as it was written where one was written, so that rule 2 sees it. */
function absolute(location: string, base: URL): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return location;
  if (/^[/\\]{2}/.test(location)) return `${base.protocol}${location}`;
  return new URL(location, base).href;
}
