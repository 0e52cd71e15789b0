import { classTable, rateTable, type ClassRule, type RateClass } from '../../../limits/rate-table.ts';
import type { Route, RouteFile } from '../../../routing/route-schema.ts';
import { any, extension, type Data } from '../any.ts';

/** So many times what the edge would let one address do: a bound for the time when the edge is away, never the first to refuse. */
const roominess = 10;
const addressesMax = 10_000;

/** One bucket for each address and rate class, in each Envoy. Off until a route turns its own on. */
export function localLimits({ routes }: RouteFile): Data[] {
  const classes = [...new Set(routes.map(({ rateClass }) => rateClass))].filter(isLimited).toSorted();
  return classes.map((rateClass) => ({ ...filter(rateClass), disabled: true }));
}

/** Turns on the bucket of a route's class. */
export function localLimitOf({ rateClass }: Pick<Route, 'rateClass'>): Data {
  if (!isLimited(rateClass)) return {};
  return { [nameOf(rateClass)]: any('envoy.config.route.v3.FilterConfig', { config: {} }) };
}

function filter(rateClass: RateClass): Data {
  const bucket = bucketOf(rateClass);
  return extension(nameOf(rateClass), 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: nameOf(rateClass),
    filter_enabled: always,
    filter_enforced: always,
    // Every request has an address, so that this one is never looked at.
    token_bucket: bucket,
    always_consume_default_token_bucket: false,
    max_dynamic_descriptors: addressesMax,
    descriptors: [{ entries: [{ key: 'remote_address' }], token_bucket: bucket }],
    rate_limits: [{ actions: [{ remote_address: {} }] }],
  });
}

const always = { default_value: { numerator: 100, denominator: 'HUNDRED' } };

/** The fence of the class, else the widest limit a signed-in caller has. */
function bucketOf(rateClass: RateClass): Data {
  const rule: ClassRule = classTable[rateClass];
  const { limit, periodSeconds } = rateTable[rule.fence ?? 'tenant'];
  const tokens = limit * roominess;
  return { max_tokens: tokens, tokens_per_fill: tokens, fill_interval: `${periodSeconds}s` };
}

function isLimited(rateClass: RateClass): boolean {
  const rule: ClassRule = classTable[rateClass];
  return rule.free !== true;
}

function nameOf(rateClass: RateClass): string {
  return `local-${rateClass}`;
}
