import type { RateCharge, RateDecision, RateState } from '@idp/cache';

/**
 * What an answer says of the limits it was counted against: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10,
 * structured fields of RFC 9651), the latter of the policy nearest to exhaustion, and the three fields of draft 3 for older clients.
 */
export function rateHeaders(charges: readonly RateCharge[], decision: RateDecision): Record<string, string> {
  const policies = charges.map(({ policy }) => `"${policy.name}";q=${policy.limit};w=${policy.periodSeconds}`);
  const { policy, remaining } = decision;
  const limit = charges.find((charge) => charge.policy.name === policy)!.policy.limit;
  const reset = resetSeconds(decision);
  return {
    'ratelimit-policy': policies.join(', '),
    ratelimit: `"${policy}";r=${remaining};t=${reset}`,
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(reset),
  };
}

/** Whole seconds until the burst is there again. */
export function resetSeconds({ resetAfterMs }: RateState): number {
  return Math.ceil(resetAfterMs / 1_000);
}
