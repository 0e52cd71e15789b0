import { AuthError } from '@idp/errors';
import { ratedCaller } from '../limits/charges.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import { dataAnswer, type EdgeHandler } from './contract.ts';

/** The caller's limits and what is left of them; asking costs nothing. */
export function rateLimitsHandler(limits: () => RateLimits): EdgeHandler {
  return async (request) => {
    if (request.principal === undefined) throw new AuthError('a credential is required');
    const policies = await limits().show(ratedCaller(request.principal));
    const answer = dataAnswer(request, { policies });
    return { ...answer, headers: { ...answer.headers, 'cache-control': 'no-store' } };
  };
}
