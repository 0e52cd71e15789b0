import type { Logger } from '@idp/telemetry';
import type { CacheMetrics } from './cache-metrics.ts';
import type { CacheKey } from './contract.ts';
import { detached } from './detached.ts';
import { createLoadGate } from './load-gate.ts';
import type { Store } from './store.ts';

type Load = () => Promise<unknown>;

/** Loads of one cache: one for each key at a time, 16 altogether. */
export interface Loader {
  /** What Redis has or `load` reads, shared by all who ask before it ends. */
  load(key: CacheKey, load: Load): Promise<unknown>;
  /** The same in the background, for a value that is served meanwhile. */
  refresh(key: CacheKey, load: Load): void;
  /** Nobody joins these loads any more: what they read may be outdated. */
  leave(which: (id: string) => boolean): void;
  gate<T>(load: () => Promise<T>): Promise<T>;
}

const loadsAtOnce = 16;
const retryRefreshMs = 1_000;

export function createLoader(options: {
  name: string;
  store: Store;
  metrics: CacheMetrics;
  logger: Logger;
  now: () => number;
}): Loader {
  const { name, store, metrics, logger, now } = options;
  const flights = new Map<string, Promise<unknown>>();
  const admit = createLoadGate(loadsAtOnce);

  async function gate<T>(load: () => Promise<T>): Promise<T> {
    return admit(async () => {
      const stop = metrics.load();
      try {
        return await load();
      } finally {
        stop();
      }
    });
  }

  function fly(key: CacheKey, run: () => Promise<unknown>): Promise<unknown> {
    const flight = run().finally(() => {
      if (flights.get(key.id) === flight) flights.delete(key.id);
    });
    flights.set(key.id, flight);
    return flight;
  }

  async function fetch(key: CacheKey, load: Load, startedAt: number, time: number | undefined): Promise<unknown> {
    const value = await gate(() => detached(load));
    return store.keep(key, value, { startedAt, time }).value;
  }

  async function find(key: CacheKey, load: Load, acceptStale: boolean): Promise<unknown> {
    const startedAt = now();
    const answer = await store.shared([key]);
    const known = answer?.found[0];
    if (known === undefined || (known.stale && !acceptStale)) return fetch(key, load, startedAt, answer?.time);
    if (known.stale) setImmediate(() => refresh(key, load));
    return known.entry.value;
  }

  function refresh(key: CacheKey, load: Load): void {
    if (flights.has(key.id)) return;
    fly(key, () => find(key, load, false)).catch((error: unknown) => {
      logger.warn({ err: error, cache: name }, 'a cached value could not be renewed; the old one is served for now');
      const kept = store.local(key)?.entry;
      if (kept !== undefined) kept.freshUntil = Math.min(now() + retryRefreshMs, kept.staleUntil);
    });
  }

  return {
    load: (key, load) => flights.get(key.id) ?? fly(key, () => find(key, load, true)),
    refresh,
    leave(which) {
      for (const id of flights.keys()) if (which(id)) flights.delete(id);
    },
    gate,
  };
}
