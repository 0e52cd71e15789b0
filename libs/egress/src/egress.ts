import type { Metrics } from '@idp/telemetry';
import { createCaller } from './call/caller.ts';
import type { CheckOptions, EgressInit, EgressResponse, EgressStream, FetchOptions } from './contract.ts';
import { parseAllowEntry } from './guard/allow.ts';
import { createGuard } from './guard/guard.ts';
import type { TenantRules } from './guard/guard.ts';
import { createOwnEndpoints } from './guard/own-endpoints.ts';
import type { OwnEndpoint } from './guard/own-endpoints.ts';
import { evenTime, Refusal, refusalError } from './guard/refusal.ts';
import { createResolver } from './guard/resolve.ts';
import type { HostResolver } from './guard/resolve.ts';
import { createEgressMetrics } from './metrics.ts';

export interface EgressOptions {
  /** Entries of the operator (`EGRESS_ALLOW`): `<cidr or host>[:port or from-to][@class]`. */
  allow: readonly string[];
  /** Entries and settings of a tenant. Default: the operator's entries, no plain http for webhooks. */
  tenantSettings?: (tenantId: string) => Promise<{ allow: readonly string[]; plainHttpWebhooks: boolean }>;
  /** Endpoints of the platform itself, never reached even when listed. */
  forbidden?: readonly OwnEndpoint[];
  resolver?: HostResolver;
  /** Certificate authorities (PEM) that replace the system's. */
  ca?: readonly string[];
  metrics?: Metrics;
  logger?: { warn(fields: object, message: string): void };
}

/** The only way to an address a user typed (security specification §2.5). */
export interface Egress {
  /**
   * Judges an address when it is saved. Resolves to the parsed URL; throws `UnprocessableError` `URL_NOT_ALLOWED` with
   * `details.rule`: 1 the text, scheme or port, 2 the spelling of the host, 3 a host that does not exist or may not be reached.
   */
  check(url: string, options: CheckOptions): Promise<URL>;
  /**
   * Judges the address again, calls it and reads the body up to the bound of the class. Any status is an answer. Throws
   * `URL_NOT_ALLOWED` as `check` does, `UpstreamError` with `details.reason`, `TimeoutError` when the time of the class is over,
   * `ValidationError` for a header that may not be set, and the reason of `signal` when aborted.
   */
  fetch(url: string, init: EgressInit, options: FetchOptions): Promise<EgressResponse>;
  /** The same, with the body as it arrives. The body must be read to its end or disposed of. */
  stream(url: string, init: EgressInit, options: FetchOptions): Promise<EgressStream>;
}

export function createEgress(options: EgressOptions): Egress {
  const { resolver = createResolver(), logger } = options;
  const allow = options.allow.map(parseAllowEntry);
  const metrics = createEgressMetrics(options.metrics);
  const guard = createGuard({
    allow,
    tenantRules: tenantRulesOf(options, { allow, plainHttp: false }),
    own: createOwnEndpoints(options.forbidden ?? [], resolver),
    resolver,
  });

  async function admit(url: string, { class: className, tenantId }: CheckOptions, signal: AbortSignal) {
    const startedMs = performance.now();
    try {
      return await guard.admit(url, className, tenantId, signal);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      metrics.blocked(className, error.rule);
      logger?.warn({ egressClass: className, rule: error.rule, reason: error.message, tenantId }, 'address refused');
      await evenTime(error, startedMs);
      throw refusalError(error);
    }
  }

  const caller = createCaller({ admit, metrics, ...(options.ca === undefined ? {} : { ca: options.ca }) });
  return {
    async check(url, checkOptions) {
      const { url: parsed } = await admit(url, checkOptions, checkOptions.signal ?? new AbortController().signal);
      return parsed;
    },
    fetch: caller.fetch,
    stream: caller.stream,
  };
}

function tenantRulesOf(
  { tenantSettings }: EgressOptions,
  fallback: TenantRules,
): (tenantId: string) => Promise<TenantRules> {
  if (tenantSettings === undefined) return () => Promise.resolve(fallback);
  return async (tenantId) => {
    const { allow, plainHttpWebhooks } = await tenantSettings(tenantId);
    return { allow: allow.map(parseAllowEntry), plainHttp: plainHttpWebhooks };
  };
}
