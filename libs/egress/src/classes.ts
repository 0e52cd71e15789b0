const kib = 1024;
const mib = 1024 * kib;

/** Who may open an address that is not public: nobody, the operator's list, or operator and tenant together. */
export type PrivateTargets = 'never' | 'operator' | 'operator-and-tenant';

export interface ClassRules {
  readonly methods: readonly string[] | 'any';
  /** `listed` = only towards targets an allow entry covers; `setting` = also where the tenant switched it on. */
  readonly plainHttp: 'always' | 'setting' | 'listed';
  readonly ports: readonly number[] | 'any';
  /** Milliseconds for the whole call: name, connection, every redirect, last byte of the body. */
  readonly totalMs: number;
  /** Bytes of the decoded body. */
  readonly bodyMax: number;
  readonly redirectsMax: number;
  readonly privateTargets: PrivateTargets;
  /** The name that opens this class in an allow entry (`…@probe` opens scrapes as well). */
  readonly listedAs: ListedClass;
}

/** Names an allow entry may carry after `@`. */
export const listedClasses = ['webhook', 'smtp', 'probe', 'oidc', 'git', 'fetch', 'api', 'sandbox'] as const;
export type ListedClass = (typeof listedClasses)[number];

const probe: ClassRules = {
  methods: ['GET', 'HEAD'],
  plainHttp: 'always',
  ports: 'any',
  totalMs: 5_000,
  bodyMax: 64 * kib,
  redirectsMax: 0,
  privateTargets: 'operator-and-tenant',
  listedAs: 'probe',
};

/** The classes of calls to addresses a user typed, with their bounds (security specification §2.5). */
export const classes = {
  webhook: {
    methods: ['POST'],
    plainHttp: 'setting',
    ports: [443, 80, 8443],
    totalMs: 15_000,
    bodyMax: 64 * kib,
    redirectsMax: 0,
    privateTargets: 'never',
    listedAs: 'webhook',
  },
  probe,
  scrape: { ...probe, totalMs: 15_000, bodyMax: 10 * mib },
  oidc: {
    methods: ['GET', 'POST'],
    plainHttp: 'listed',
    ports: 'any',
    totalMs: 5_000,
    bodyMax: 256 * kib,
    redirectsMax: 0,
    privateTargets: 'operator',
    listedAs: 'oidc',
  },
  git: {
    methods: ['GET', 'POST'],
    plainHttp: 'listed',
    ports: 'any',
    totalMs: 60_000,
    bodyMax: 512 * mib,
    redirectsMax: 1,
    privateTargets: 'operator',
    listedAs: 'git',
  },
  fetch: {
    methods: ['GET'],
    plainHttp: 'listed',
    ports: 'any',
    totalMs: 10_000,
    bodyMax: 5 * mib,
    redirectsMax: 3,
    privateTargets: 'operator-and-tenant',
    listedAs: 'fetch',
  },
  api: {
    methods: 'any',
    plainHttp: 'listed',
    ports: 'any',
    totalMs: 60_000,
    bodyMax: 10 * mib,
    redirectsMax: 0,
    privateTargets: 'operator',
    listedAs: 'api',
  },
} as const satisfies Record<string, ClassRules>;

export type EgressClass = keyof typeof classes;
