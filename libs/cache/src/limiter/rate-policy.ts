/** How much of something one key may do: `limit` units per period, up to `burst` of them at once from rest. */
export interface RatePolicy {
  /** Kebab-case: part of the stored keys and label of the metrics. */
  readonly name: string;
  readonly limit: number;
  readonly periodSeconds: number;
  readonly burst: number;
  /** Units one call takes, 1. */
  readonly cost: number;
  readonly spacing: Spacing;
}

/** Time of one unit and of a whole burst, in whole microseconds. */
export interface Spacing {
  interval: number;
  capacity: number;
}

const capacityMax = 366 * 86_400 * 1_000_000;

/**
 * A policy whose numbers can work. Throws TypeError where they cannot: a call that costs more than the burst would never pass.
 */
export function defineRatePolicy(policy: Omit<RatePolicy, 'cost' | 'spacing'> & { cost?: number }): RatePolicy {
  const complete = { ...policy, cost: policy.cost ?? 1 };
  const { name, limit, periodSeconds, burst, cost } = complete;
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) throw new TypeError(`rate policy "${name}" is not kebab-case`);
  for (const [member, value] of Object.entries({ limit, periodSeconds, burst, cost })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new TypeError(`${name}: ${member} is a whole number from 1 on`);
  }
  if (cost > burst) throw new TypeError(`${name}: a call costs ${cost}, the burst is ${burst}: it could never pass`);
  const spacing = spacingOf(complete);
  if (spacing.capacity > capacityMax) throw new TypeError(`${name}: a burst comes back within a year`);
  return Object.freeze({ ...complete, spacing });
}

/**
 * Interval of one unit, rounded up so that never more than `limit` per period pass. With `replicas` each of them gives its share
 * of the limit and of the burst.
 */
export function spacingOf(policy: Omit<RatePolicy, 'spacing'>, replicas = 1): Spacing {
  const { limit, periodSeconds, burst, cost } = policy;
  const interval = Math.ceil((periodSeconds * 1_000_000 * replicas) / limit);
  return { interval, capacity: interval * Math.max(cost, Math.ceil(burst / replicas)) };
}
