import type { Limiter } from '@idp/cache';
import { RateLimitError } from '@idp/errors';
import { chargesOf, shownCharges, type PlanOf, type RatedCaller, type RatedRequest } from './charges.ts';
import { rateHeaders, resetSeconds } from './rate-headers.ts';
import type { RateSettings } from './rate-settings.ts';
import type { RateNumbers } from './rate-table.ts';

/** The answer to one counted request. */
export interface RateVerdict {
  /** For the answer, whoever makes it. */
  headers: Record<string, string>;
  /** Set where the request must not pass: 429 `RATE_LIMIT_EXCEEDED`, whose `Retry-After` suffices. */
  refusal: RateLimitError | undefined;
}

/** One limit as its caller sees it. */
export interface ShownLimit extends RateNumbers {
  policy: string;
  remaining: number;
  resetSeconds: number;
}

/** Limits of requests, decided in one place for every gateway. */
export interface RateLimits {
  /** Takes what a request costs from all its policies, or nothing where one of them refuses. Undefined where nothing is counted. */
  take(request: RatedRequest): Promise<RateVerdict | undefined>;
  /** A check of an API key that failed: counted as a request without a credential. */
  takeFailedKey(address: string): Promise<RateVerdict | undefined>;
  /** The limits of a caller; takes nothing. */
  show(caller: RatedCaller): Promise<readonly ShownLimit[]>;
}

/** Limits by the settings of each moment. `enforced: false` counts nothing and shows nothing. */
export function createRateLimits(options: {
  limiter: Limiter;
  settings: () => RateSettings;
  planOf: PlanOf;
  enforced?: boolean;
}): RateLimits {
  const { limiter, settings, planOf, enforced = true } = options;

  async function take(request: RatedRequest): Promise<RateVerdict | undefined> {
    const charges = enforced ? chargesOf(settings(), planOf, request) : undefined;
    if (charges === undefined) return undefined;
    const { tag, enforced: counted, observed } = charges;
    const decision = counted.length === 0 ? undefined : await limiter.consume(tag, counted);
    // A request that is refused uses nothing, here neither.
    if (observed.length > 0 && decision?.allowed !== false) await limiter.observe(tag, observed);
    if (decision === undefined) return undefined;
    const headers = rateHeaders(counted, decision);
    return { headers, refusal: decision.allowed ? undefined : refusalOf(decision) };
  }

  return {
    take,
    takeFailedKey: (address) => take({ rateClass: 'api', route: '', address }),
    async show(caller) {
      if (!enforced) return [];
      const { tag, enforced: counted } = shownCharges(settings(), planOf, caller);
      if (counted.length === 0) return [];
      const { states } = await limiter.peek(tag, counted);
      return counted.map(({ policy: { name, limit, periodSeconds, burst } }, index) => ({
        policy: name,
        limit,
        periodSeconds,
        burst,
        remaining: states[index]!.remaining,
        resetSeconds: resetSeconds(states[index]!),
      }));
    },
  };
}

function refusalOf({ policy, retryAfterMs }: { policy: string; retryAfterMs: number }): RateLimitError {
  return new RateLimitError(`the limit "${policy}" is used up`, {
    retryAfterSeconds: retryAfterMs / 1_000,
    details: { policy },
  });
}
