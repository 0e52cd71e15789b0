import { defineRatePolicy, type Limiter } from '@idp/cache';
import { RateLimitError } from '@idp/errors';
import { clientNetworkOf } from '@idp/service';

/** Many for somebody who found keys, few for somebody who tries which texts are keys. */
const policy = defineRatePolicy({ name: 'leak-report', limit: 60, periodSeconds: 900, burst: 60 });

/** Takes one report of the network the address is in; 429 `RATE_LIMIT_EXCEEDED` when it has sent too many. */
export type LeakReportLimit = (ip: string) => Promise<void>;

export function createLeakReportLimit({ limiter }: { limiter: Limiter }): LeakReportLimit {
  return async (ip) => {
    const decision = await limiter.consume('leak-report', [{ policy, key: clientNetworkOf(ip).network }]);
    if (decision.allowed) return;
    throw new RateLimitError('too many reports', { retryAfterSeconds: decision.retryAfterMs / 1_000 });
  };
}
