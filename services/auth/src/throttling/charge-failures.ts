import type { Limiter } from '@idp/cache';
import { AuthError, type ErrorCode } from '@idp/errors';

/** Runs `test` and gives the units of the decision back, unless it failed with this code. */
export async function chargeFailures<T>(
  limiter: Limiter,
  { decision, code }: { decision: Awaited<ReturnType<Limiter['consume']>>; code: ErrorCode },
  test: () => Promise<T>,
): Promise<T> {
  try {
    const result = await test();
    await limiter.refund(decision);
    return result;
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== code) await limiter.refund(decision);
    throw error;
  }
}
