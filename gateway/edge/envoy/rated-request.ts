import type { ApiKeyRatePolicy } from '@idp/auth';
import type { RatedRequest } from '../../limits/charges.ts';
import { belowMount } from '../../routing/mount.ts';
import { rateClasses, type RateClass } from '../../limits/rate-table.ts';

/** A rate-limit request of Envoy, as far as it is looked at (proto/envoy). */
export interface EnvoyRateRequest {
  domain: string;
  descriptors: readonly { entries: readonly { key: string; value: string }[] }[];
}

/** One request as the edge counts it, and where its answer has Backstage's form. */
export interface DescribedRequest {
  rated: RatedRequest;
  backstage: { method: string; url: string } | undefined;
}

/**
 * Reads the entries of all descriptors, which gateway/generate/envoy writes: `class`, `route`, `method`, `masked_remote_address`, on mounts
 * `mount` and `path`; with a credential `tenant` and `subject`, of a key also `key` and `rate_policy`. A descriptor that lacks an entry is
 * not sent at all, so none of them is required. What names no known class is counted as an ordinary request.
 */
export function describedRequest({ descriptors }: EnvoyRateRequest): DescribedRequest {
  const entries = new Map(descriptors.flatMap(({ entries: some }) => some.map(({ key, value }) => [key, value])));
  const [tenantId, subject, key] = [entries.get('tenant'), entries.get('subject'), entries.get('key')];
  const [mount, path, method = 'GET'] = [entries.get('mount'), entries.get('path'), entries.get('method')];
  return {
    rated: {
      rateClass: method === 'OPTIONS' ? 'static' : classOf(entries.get('class')),
      route: entries.get('route') ?? '',
      address: (entries.get('masked_remote_address') ?? '').split('/', 1)[0]!,
      caller:
        tenantId === undefined || subject === undefined
          ? undefined
          : {
              tenantId,
              subject,
              key: key === undefined ? undefined : { id: key, ratePolicy: readRatePolicy(entries.get('rate_policy')) },
            },
    },
    backstage: mount === undefined ? undefined : { method, url: belowMount(mount, path ?? mount) },
  };
}

function classOf(name: string | undefined): RateClass {
  return rateClasses.find((known) => known === name) ?? 'api';
}

/** A key's own limit as one word, which travels from the key check to the rate-limit service; `-` for none. */
export function writeRatePolicy(policy: ApiKeyRatePolicy | undefined): string {
  return policy === undefined ? '-' : `${policy.limit}/${policy.periodSeconds}/${policy.burst}`;
}

function readRatePolicy(text = '-'): ApiKeyRatePolicy | undefined {
  const [, limit, periodSeconds, burst] = /^(\d{1,9})\/(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
  if (limit === undefined) return undefined;
  return { limit: Number(limit), periodSeconds: Number(periodSeconds), burst: Number(burst) };
}
