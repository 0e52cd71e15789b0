import type { Principal } from '@idp/auth';
import { defineRatePolicy, type Limiter } from '@idp/cache';
import { RateLimitError } from '@idp/errors';

/** Takes one request of the key's own limit; 429 `RATE_LIMIT_EXCEEDED` with the time to wait. Callers without such a key pass. */
export type KeyLimit = (principal: Principal) => Promise<void>;

/** Limits that were given to API keys when they were made. All services of the platform charge the same one. */
export function createKeyLimit(limiter: Limiter): KeyLimit {
  return async ({ keyId, ratePolicy }) => {
    if (keyId === undefined || ratePolicy === undefined) return;
    const policy = defineRatePolicy({ name: 'api-key', ...ratePolicy });
    const decision = await limiter.consume(keyId, [{ policy, key: keyId }]);
    if (decision.allowed) return;
    throw new RateLimitError('the key has used up its limit', { retryAfterSeconds: decision.retryAfterMs / 1_000 });
  };
}
