import { LRUCache } from 'lru-cache';
import type { SectionState } from './section-state.ts';

/** States of sections by whatever tells one caller from another. */
export interface SectionCache {
  /** The state of at most 5 s ago, else what `load` finds; one load for all who ask at once. Never rejects unless `load` does. */
  get(key: string, load: () => Promise<SectionState>): Promise<SectionState>;
}

const freshMs = 5_000;
const staleMs = 60_000;
const bytesMax = 64 * 1024 * 1024;

/**
 * Only what a service has decided (its data, or that they are not for the caller) is kept. A section that times out shows its last good
 * data for a minute.
 */
export function createSectionCache(now: () => number = () => performance.now()): SectionCache {
  const kept = new LRUCache<string, { at: number; state: SectionState }>({
    maxSize: bytesMax,
    sizeCalculation: ({ state }, key) => 2 * (key.length + (JSON.stringify(state.data) ?? '').length + 100),
  });
  const loading = new Map<string, Promise<SectionState>>();

  async function loadOnce(key: string, load: () => Promise<SectionState>): Promise<SectionState> {
    const state = await load();
    if (state.status === 'ok' || state.status === 'forbidden') kept.set(key, { at: now(), state });
    if (state.status !== 'timeout') return state;
    const last = kept.get(key);
    if (last?.state.status !== 'ok' || now() - last.at > staleMs) return state;
    return { ...state, data: last.state.data, stale: true };
  }

  return {
    async get(key, load) {
      const known = kept.get(key);
      if (known !== undefined && now() - known.at <= freshMs) return known.state;
      let asked = loading.get(key);
      if (asked === undefined) {
        asked = loadOnce(key, load).finally(() => loading.delete(key));
        loading.set(key, asked);
      }
      return asked;
    },
  };
}
