import type { CacheMetrics } from './cache-metrics.ts';
import type { CacheDefinition, CacheKey } from './contract.ts';
import type { LevelOne, LocalEntry } from './level-one.ts';
import type { Found, LevelTwo } from './level-two.ts';
import { fromJson, toJson } from './stored.ts';

/** A value that is known, and whether somebody should fetch a new one. */
export interface Known {
  entry: LocalEntry;
  stale: boolean;
}

export interface SharedAnswer {
  /** One for each key; undefined where Redis has none. */
  found: (Known | undefined)[];
  /** Time of Redis, for loads that begin now. */
  time: number;
}

export interface KeepOptions {
  /** When its load began, on the clock of this process. */
  startedAt: number;
  /** The same on the clock of Redis; undefined where that is not known: then it is kept here alone. `now`: it is true now. */
  time: number | 'now' | undefined;
  version?: number | undefined;
}

/** Both levels of one cache. */
export interface Store {
  local(key: CacheKey): Known | undefined;
  /** Undefined while there is no Redis to ask. */
  shared(keys: readonly CacheKey[]): Promise<SharedAnswer | undefined>;
  /** Keeps a value in both levels; answers it as everybody will see it, at once, and when Redis has it too. */
  keep(key: CacheKey, value: unknown, options: KeepOptions): { value: unknown; done: Promise<void> };
}

export function createStore<Value>(options: {
  definition: CacheDefinition<Value>;
  l1: LevelOne;
  l2: LevelTwo | undefined;
  metrics: CacheMetrics;
  localMaxMs: number;
  now: () => number;
  random: () => number;
}): Store {
  const { definition, l1, l2, metrics, localMaxMs, now, random } = options;
  const { ttlSeconds, staleSeconds = 0, negativeTtlSeconds = 5 } = definition;
  const staleMs = staleSeconds * 1000;

  function put(key: CacheKey, told: Pick<LocalEntry, 'value' | 'version' | 'startedAt'>, lifeMs: number): LocalEntry {
    const at = now();
    const negative = told.value === undefined;
    const freshMs = negative ? lifeMs : lifeMs - staleMs;
    const entry: LocalEntry = {
      ...told,
      tags: negative ? [] : (definition.tags?.(told.value as Value) ?? []),
      freshUntil: at + Math.min(freshMs, localMaxMs),
      staleUntil: at + Math.min(lifeMs, localMaxMs),
    };
    l1.put(key, entry);
    return entry;
  }

  /** What Redis gave as an entry; undefined for what the schema refuses. */
  function accept(key: CacheKey, found: Found & { kind: 'value' }, startedAt: number): Known | undefined {
    try {
      const value = found.json === undefined ? undefined : definition.schema.parse(fromJson(found.json));
      const entry = put(key, { value, version: found.version, startedAt }, found.leftMs);
      return { entry, stale: value !== undefined && found.leftMs <= staleMs };
    } catch {
      return undefined;
    }
  }

  return {
    local({ id }) {
      const entry = l1.get(id);
      const at = now();
      if (entry === undefined || at >= entry.staleUntil) {
        metrics.count('l1', 'miss');
        return undefined;
      }
      const stale = at >= entry.freshUntil;
      metrics.count('l1', stale ? 'stale' : 'hit');
      return { entry, stale };
    },
    async shared(keys) {
      if (l2 === undefined) return undefined;
      const startedAt = now();
      const answer = await l2.read(keys);
      if (answer === undefined) {
        metrics.count('l2', 'unavailable');
        return undefined;
      }
      const refused: CacheKey[] = [];
      const found = keys.map((key, index) => {
        const one = answer.found[index];
        const known = one?.kind === 'value' ? accept(key, one, startedAt) : undefined;
        const invalid = one?.kind === 'invalid' || (one?.kind === 'value' && known === undefined);
        if (known !== undefined) metrics.count('l2', known.stale ? 'stale' : 'hit');
        else metrics.count('l2', invalid ? 'invalid' : 'miss');
        if (invalid) refused.push(key);
        return known;
      });
      await Promise.all(refused.map((key) => l2.discard(key)));
      return { found, time: answer.time };
    },
    keep(key, told, { startedAt, time, version }) {
      const json = told === undefined ? undefined : toJson(told);
      if (told !== undefined && json === undefined) {
        metrics.count('l1', 'too-large');
        l1.delete(key, undefined);
        return { value: told, done: l2?.delete(key, undefined) ?? Promise.resolve() };
      }
      const value = json === undefined ? undefined : fromJson(json);
      const negative = value === undefined;
      const freshMs = (negative ? negativeTtlSeconds : ttlSeconds) * 1000 * (0.9 + 0.2 * random());
      const lifeMs = negative ? freshMs : freshMs + staleMs;
      const rowVersion = version ?? (negative ? undefined : definition.version?.(value as Value));
      const entry = put(key, { value, version: rowVersion, startedAt }, lifeMs);
      if (l2 === undefined || time === undefined) return { value, done: Promise.resolve() };
      const request = { key, json, version: rowVersion, tags: entry.tags, lifeMs };
      const written = l2.write({ ...request, time: time === 'now' ? undefined : time });
      const settle = async (): Promise<void> => {
        // Something newer is in Redis: what was read here is outdated.
        if ((await written) === false) l1.drop(key, entry);
      };
      return { value, done: settle() };
    },
  };
}
