/** Numbers of a policy: `limit` units per period, `burst` of them at once from rest. */
export interface RateNumbers {
  limit: number;
  periodSeconds: number;
  burst: number;
}

/**
 * Every rate limit of the gateway; RATE_LIMITS_FILE changes single ones. What each counts by:
 * `anonymous`, `login`, `token` and `static` the client's network, `webhook` that and the route, `user` and `ai` the subject in its tenant,
 * `api-key` and `ingest` the key, `tenant` the tenant.
 */
export const rateTable = {
  anonymous: { limit: 100, periodSeconds: 900, burst: 100 },
  user: { limit: 600, periodSeconds: 60, burst: 150 },
  'api-key': { limit: 1_200, periodSeconds: 60, burst: 300 },
  tenant: { limit: 30_000, periodSeconds: 60, burst: 5_000 },
  login: { limit: 60, periodSeconds: 60, burst: 60 },
  token: { limit: 240, periodSeconds: 60, burst: 120 },
  webhook: { limit: 600, periodSeconds: 60, burst: 150 },
  static: { limit: 600, periodSeconds: 60, burst: 150 },
  ai: { limit: 30, periodSeconds: 60, burst: 8 },
  ingest: { limit: 6_000, periodSeconds: 60, burst: 1_500 },
} as const satisfies Record<string, RateNumbers>;

export type RatePolicyName = keyof typeof rateTable;
export const ratePolicyNames = Object.keys(rateTable) as RatePolicyName[];

/** What the plan of a tenant makes of the policy `tenant`; every other plan, and none, leaves it as it is. */
export const tenantPlans: Readonly<Record<string, RateNumbers>> = {
  free: { limit: 3_000, periodSeconds: 60, burst: 500 },
  enterprise: { limit: 120_000, periodSeconds: 60, burst: 20_000 },
};

/** What a class of routes changes. */
export interface ClassRule {
  /** Nothing is counted. */
  free?: true;
  /** Takes the place of `anonymous`. */
  fence?: RatePolicyName;
  /** Takes the place of `api-key`. */
  key?: RatePolicyName;
  /** Counted beside `user` or `api-key`, by the subject. */
  besides?: RatePolicyName;
  /** Units taken from `user`, `api-key` and `tenant`, 1. */
  cost?: number;
}

/** The rate classes a route may name. */
export const classTable = {
  api: {},
  login: { fence: 'login' },
  token: { fence: 'token' },
  webhook: { fence: 'webhook' },
  static: { fence: 'static' },
  ai: { besides: 'ai' },
  ingest: { key: 'ingest' },
  search: { cost: 5 },
  export: { cost: 50 },
  none: { free: true },
} as const satisfies Record<string, ClassRule>;

export type RateClass = keyof typeof classTable;
export const rateClasses = Object.keys(classTable) as [RateClass, ...RateClass[]];
