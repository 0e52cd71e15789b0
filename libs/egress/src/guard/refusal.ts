import { setTimeout as delay } from 'node:timers/promises';
import { UnprocessableError } from '@idp/errors';

/** The rules of security specification §2.5 a typed address can break. */
export type Rule = 1 | 2 | 3 | 4 | 5;

/** A rule was broken. Internal: the rule itself goes to metrics and logs, the caller gets {@link refusalError}. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly rule: Rule;

  constructor(rule: Rule, reason: string, options?: { cause?: unknown }) {
    super(reason, options);
    this.rule = rule;
  }
}

const messages = {
  1: 'The address must be an https address of printable characters, without user name, fragment or a port that is not allowed',
  2: 'The host must be written in its plain form: lower case, decimal, no escapes',
  3: 'The address does not exist or may not be reached from here',
} as const;

/**
 * What a caller may know about a refusal. A host that may not be reached (3, 5) and a name that does not exist (4) read alike, or the
 * answers would draw a map of the network: `details.rule` is 3 for all of them.
 */
export function refusalError(refusal: Refusal): UnprocessableError {
  const rule = refusal.rule <= 2 ? (refusal.rule as 1 | 2) : 3;
  return new UnprocessableError(messages[rule], { code: 'URL_NOT_ALLOWED', details: { rule } });
}

/** Milliseconds after which a refusal leaves: the first that has not passed yet. The last is the limit of a look-up. */
const refusalTimesMs = [150, 2_000] as const;

/**
 * Refusals by rules 3, 4 and 5 take the same time whether a look-up was needed, was answered from a near server or found nothing.
 * @param startedMs `performance.now()` when the check began
 */
export async function evenTime(refusal: Refusal, startedMs: number): Promise<void> {
  if (refusal.rule <= 2) return;
  const spent = performance.now() - startedMs;
  const target = refusalTimesMs.find((time) => spent <= time);
  if (target !== undefined) await delay(target - spent);
}
