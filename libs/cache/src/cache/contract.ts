/** A value that JSON carries unchanged. */
export interface CacheDefinition<Value> {
  /** Kebab-case and unique in the service: part of the Redis keys and label of the metrics. */
  name: string;
  /** Judges what comes out of Redis, where anybody may have written; a zod schema. What it refuses is a miss. */
  schema: { parse(input: unknown): Value };
  /** Raised when the meaning of stored values changes; old ones are then never read again. */
  schemaVersion: number;
  /** How long a value is good, ±10 % so that values stored together do not end together. */
  ttlSeconds: number;
  /** How long an older value may still be served while one caller fetches the new one, 0. */
  staleSeconds?: number;
  /** How long "there is none" is remembered, 5 s. */
  negativeTtlSeconds?: number;
  /** Values kept in this process; the one unused for longest leaves first. */
  maxEntries: number;
  /** Version of the row a value was read from: an older one never replaces a newer one. */
  version?: (value: Value) => number;
  /** Names under which values of one scope can be deleted together. */
  tags?: (value: Value) => readonly string[];
}

/** Names a value in one scope; made by `cache.tenant(id).key(…)` or `cache.global.key(…)`. */
export interface CacheKey {
  readonly scope: string;
  readonly key: string;
  /** Both together. */
  readonly id: string;
}

/** Names a group of values in one scope. */
export interface CacheTag {
  readonly scope: string;
  readonly tag: string;
}

/** The keys of one tenant, or those of no tenant. */
export interface CacheScope {
  /** Parts of any text; equal parts make equal keys and others never do. */
  key(...parts: readonly (string | number)[]): CacheKey;
  tag(name: string): CacheTag;
}

export interface SetOptions {
  /** Row version; default what the definition says of the value. */
  version?: number;
}

export interface CacheEntry<Value> extends SetOptions {
  key: CacheKey;
  value: Value;
}

/**
 * Values that can be read again from where they come from. Nothing here throws because of Redis. Values are given out frozen
 * and in the form JSON gives them, with and without Redis. Above 256 KiB they are not kept.
 */
export interface Cache<Value> {
  /** Keys of one tenant. Throws TypeError for what is no tenant id. */
  tenant(tenantId: string): CacheScope;
  /** Keys of values that belong to no tenant. */
  readonly global: CacheScope;
  /** The value; undefined where none is known or none exists. */
  get(key: CacheKey): Promise<Value | undefined>;
  /**
   * The value, read by `load` where none is known: once for all who ask at the same time, 16 loads of one cache at a time.
   * What `load` throws reaches everybody who waits for it and is not kept; `undefined` is kept for `negativeTtlSeconds`.
   * A caller whose `signal` (default: that of the operation in hand) aborts leaves without ending the load.
   */
  getOrLoad<Result extends Value | undefined>(
    key: CacheKey,
    load: () => Promise<Result>,
    options?: { signal?: AbortSignal },
  ): Promise<Result>;
  /** Keeps a value; after the COMMIT that made it true. */
  set(key: CacheKey, value: Value, options?: SetOptions): Promise<void>;
  setMany(entries: readonly CacheEntry<Value>[]): Promise<void>;
  /**
   * Forgets a value everywhere but in the memory of other processes, which learn of it by events or within 5 s. Loads that began
   * before are not kept. With `version`, the version the row has now: a value that is as new stays. After COMMIT.
   */
  delete(key: CacheKey, options?: SetOptions): Promise<void>;
  deleteByTag(tag: CacheTag): Promise<void>;
  /** Reads the values that are not known in one call and keeps them; answers how many that were. */
  warm(
    keys: readonly CacheKey[],
    load: (missing: readonly CacheKey[]) => Promise<readonly CacheEntry<Value>[]>,
  ): Promise<number>;
  /** Forgets what this process holds, for a reader of events that has missed some. */
  clearLocal(): void;
}

/** Makes a cache of the service. Throws TypeError for a definition that cannot work. */
export type CreateCache = <Value>(definition: CacheDefinition<Value>) => Cache<Value>;
