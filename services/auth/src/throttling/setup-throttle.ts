import { defineRatePolicy, type Limiter } from '@idp/cache';
import { RateLimitError } from '@idp/errors';
import { clientNetworkOf } from '@idp/service';
import { chargeFailures } from './charge-failures.ts';

/** Nobody guesses 256 bits; what is bounded is the work that guessing makes. */
const policy = defineRatePolicy({ name: 'setup', limit: 30, periodSeconds: 900, burst: 30 });

/**
 * Runs `redeem` for a caller of this address: 429 `RATE_LIMIT_EXCEEDED`, and nothing run, where its network has shown too many wrong setup
 * tokens (`INVALID_TOKEN`).
 */
export type SetupThrottle = <T>(ip: string, redeem: () => Promise<T>) => Promise<T>;

export function createSetupThrottle({ limiter }: { limiter: Limiter }): SetupThrottle {
  return async (ip, redeem) => {
    const decision = await limiter.consume('setup', [{ policy, key: clientNetworkOf(ip).network }]);
    if (decision.allowed) return chargeFailures(limiter, { decision, code: 'INVALID_TOKEN' }, redeem);
    throw new RateLimitError('too many wrong setup tokens', { retryAfterSeconds: decision.retryAfterMs / 1_000 });
  };
}
