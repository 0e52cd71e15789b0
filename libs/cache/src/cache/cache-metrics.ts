import type { Metrics } from '@idp/telemetry';
import { tally } from '../tally.ts';

export type Level = 'l1' | 'l2';
export type Outcome = 'hit' | 'stale' | 'miss' | 'invalid' | 'too-large' | 'unavailable';

export interface CacheMetrics {
  count(level: Level, outcome: Outcome): void;
  /** Starts the clock of a load; the answer stops it. */
  load(): () => void;
}

/** `cache_requests_total` and `cache_load_duration_seconds` of one cache. */
export function createCacheMetrics(metrics: Metrics, cache: string): CacheMetrics {
  const requests = metrics.counter('cache_requests_total', 'Look-ups by cache, level and outcome', [
    'cache',
    'level',
    'outcome',
  ]);
  const loads = metrics.histogram('cache_load_duration_seconds', 'Time of loads that filled a cache', ['cache']);
  const tallies: Record<Level, Partial<Record<Outcome, () => void>>> = { l1: {}, l2: {} };
  return {
    count(level, outcome) {
      const one = (tallies[level][outcome] ??= tally(requests, { cache, level, outcome }));
      one();
    },
    load: () => loads.startTimer({ cache }),
  };
}
