import { currentContext, type Logger, type Metrics } from '@idp/telemetry';
import type { RedisConnection } from '../redis/redis-connection.ts';
import { createCacheMetrics } from './cache-metrics.ts';
import type { Cache, CacheDefinition, CacheEntry, CacheKey, CreateCache } from './contract.ts';
import { waitFor } from './detached.ts';
import { globalScope, redisNames, tenantScope } from './keys.ts';
import { createLevelOne } from './level-one.ts';
import { createLevelTwo } from './level-two.ts';
import { createLoader } from './loader.ts';
import { createStore } from './store.ts';

export interface CreateCacheOptions {
  /** Part of the Redis keys: no service reads another's values. */
  service: string;
  /** Without it values live in this process alone. */
  redis?: RedisConnection | undefined;
  /** Longest life in the memory of this process, 5 s; unbounded where no other process writes what is cached. */
  localSecondsMax?: number;
  metrics: Metrics;
  logger: Logger;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
  random?: () => number;
}

const writesAtOnce = 200;

/** The factory of one service's caches. */
export function createCaches(options: CreateCacheOptions): CreateCache {
  const names = new Set<string>();
  return (definition) => {
    checkDefinition(definition);
    if (names.has(definition.name)) throw new TypeError(`two caches are called ${definition.name}`);
    names.add(definition.name);
    return createCache(definition, options);
  };
}

function createCache<Value>(definition: CacheDefinition<Value>, options: CreateCacheOptions): Cache<Value> {
  const { service, redis, localSecondsMax = 5, logger, now = () => performance.now(), random = Math.random } = options;
  const { name, schemaVersion, ttlSeconds, staleSeconds = 0, maxEntries } = definition;
  const metrics = createCacheMetrics(options.metrics, name);
  const lifeMaxMs = (ttlSeconds * 1.1 + staleSeconds) * 1000;
  const l1 = createLevelOne({ maxEntries, now });
  const l2 = redis && createLevelTwo({ redis, names: redisNames(service, name, schemaVersion), lifeMaxMs, now });
  const store = createStore({ definition, l1, l2, metrics, localMaxMs: localSecondsMax * 1000, now, random });
  const loader = createLoader({ name, store, metrics, logger, now });

  async function setMany(entries: readonly CacheEntry<Value>[]): Promise<void> {
    for (let from = 0; from < entries.length; from += writesAtOnce) {
      await Promise.all(
        entries
          .slice(from, from + writesAtOnce)
          .map(({ key, value, version }) => store.keep(key, value, { startedAt: now(), time: 'now', version }).done),
      );
    }
  }

  /** Here at once, and again once Redis has forgotten: a reader in between may have taken the old value from there. */
  async function forget(which: (id: string) => boolean, here: () => void, there?: () => Promise<void>): Promise<void> {
    loader.leave(which);
    here();
    if (there === undefined) return;
    await there();
    loader.leave(which);
    here();
  }

  return {
    tenant: tenantScope,
    global: globalScope,
    async get(key) {
      const local = store.local(key);
      if (local !== undefined) return local.entry.value as Value | undefined;
      return (await store.shared([key]))?.found[0]?.entry?.value as Value | undefined;
    },
    async getOrLoad<Result extends Value | undefined>(
      key: CacheKey,
      load: () => Promise<Result>,
      { signal }: { signal?: AbortSignal } = {},
    ): Promise<Result> {
      const local = store.local(key);
      if (local === undefined) {
        return (await waitFor(loader.load(key, load), signal ?? currentContext()?.signal)) as Result;
      }
      if (local.stale) loader.refresh(key, load);
      return local.entry.value as Result;
    },
    set: (key, value, { version } = {}) => setMany([{ key, value, ...(version !== undefined && { version }) }]),
    setMany,
    async delete(key, { version } = {}) {
      await forget(
        (id) => id === key.id,
        () => l1.delete(key, version),
        l2 && (() => l2.delete(key, version)),
      );
    },
    async deleteByTag(tag) {
      await forget(
        // Which tags a value in the making will carry is not known yet.
        (id) => id.startsWith(`${tag.scope}:`),
        () => l1.deleteByTag(tag),
        l2 && (() => l2.deleteByTag(tag)),
      );
    },
    async warm(keys, load) {
      const absent = keys.filter((key) => store.local(key) === undefined);
      const known = absent.length === 0 ? undefined : await store.shared(absent);
      const missing = absent.filter((_key, index) => known?.found[index]?.entry === undefined);
      if (missing.length === 0) return 0;
      const startedAt = now();
      const entries = await loader.gate(() => load(missing));
      await Promise.all(
        entries.map(
          ({ key, value, version }) => store.keep(key, value, { startedAt, version, time: known?.time }).done,
        ),
      );
      return entries.length;
    },
    clearLocal() {
      loader.leave(() => true);
      l1.clear();
    },
  };
}

function checkDefinition<Value>({ name, schemaVersion, maxEntries, ...times }: CacheDefinition<Value>): void {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) throw new TypeError(`cache name "${name}" is not kebab-case`);
  if (!Number.isInteger(schemaVersion) || schemaVersion < 1) throw new TypeError(`${name}: schemaVersion is from 1 on`);
  if (!Number.isInteger(maxEntries) || maxEntries < 1) throw new TypeError(`${name}: maxEntries is from 1 on`);
  const { ttlSeconds, staleSeconds = 0, negativeTtlSeconds = 5 } = times;
  if (!(ttlSeconds > 0) || !(negativeTtlSeconds > 0) || !(staleSeconds >= 0)) {
    throw new TypeError(`${name}: ttlSeconds and negativeTtlSeconds are above 0, staleSeconds is not below`);
  }
}
