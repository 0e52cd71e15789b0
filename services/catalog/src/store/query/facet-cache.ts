import { createHash } from 'node:crypto';
import type { ServicePlatform } from '@idp/service';
import { z } from 'zod';
import type { QueryNode } from '../../domain/query/tree.ts';
import type { FacetCount } from './facets.ts';

type Buckets = readonly (readonly FacetCount[])[];

/** Which counts are meant: those of one state of a tenant's catalog, for callers who see the same. */
export interface FacetQuery {
  tenantId: string;
  /** Number of the newest change that is counted. */
  seq: number;
  /** Text that is equal for callers who see the same. */
  rights: string;
  tree: QueryNode;
  /** Folded. */
  keys: readonly string[];
}

/** Counts of values, kept for as long as nobody asks for a newer state: every write makes other keys, so none is ever outdated. */
export interface FacetCache {
  counts(query: FacetQuery, load: () => Promise<Buckets>): Promise<Buckets>;
}

const bucket = z.object({ value: z.string(), count: z.int() });

export function createFacetCache(createCache: ServicePlatform['createCache']): FacetCache {
  const cache = createCache<Buckets>({
    name: 'facets',
    schema: z.array(z.array(bucket)),
    schemaVersion: 1,
    ttlSeconds: 300,
    maxEntries: 500,
  });
  return {
    counts({ tenantId, seq, rights, tree, keys }, load) {
      const digest = createHash('sha256')
        .update(JSON.stringify([tree, keys]))
        .digest('base64url');
      return cache.getOrLoad(cache.tenant(tenantId).key(seq, rights, digest), load);
    },
  };
}
