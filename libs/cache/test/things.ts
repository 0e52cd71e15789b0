import { z } from 'zod';
import { createCaches, type Cache, type CacheDefinition, type RedisConnection } from '../src/index.ts';
import { testTelemetry, type TestTelemetry } from './telemetry.ts';

const thing = z.strictObject({ name: z.string(), version: z.int(), colour: z.string().optional() });
export type Thing = z.output<typeof thing>;

export const tenantA = '00000000-0000-7000-8000-00000000000a';
export const tenantB = '00000000-0000-7000-8000-00000000000b';

export interface Things {
  cache: Cache<Thing>;
  telemetry: TestTelemetry;
  /** Moves the clock of this cache. */
  pass(milliseconds: number): void;
}

/** The cache of one process. Without Redis it lives in memory; its clock stands still until `pass`. */
export function things(
  options: Partial<CacheDefinition<Thing>> & { redis?: RedisConnection; localSecondsMax?: number } = {},
): Things {
  const { redis, localSecondsMax, ...definition } = options;
  const telemetry = testTelemetry();
  let now = 1_000_000;
  const createCache = createCaches({
    service: 'demo',
    redis,
    ...(localSecondsMax !== undefined && { localSecondsMax }),
    metrics: telemetry.metrics,
    logger: telemetry.logger,
    now: () => now,
    random: () => 0.5,
  });
  const cache = createCache<Thing>({
    name: 'things',
    schema: thing,
    schemaVersion: 1,
    ttlSeconds: 60,
    maxEntries: 1_000,
    version: ({ version }) => version,
    tags: ({ colour }) => (colour === undefined ? [] : [colour]),
    ...definition,
  });
  return { cache, telemetry, pass: (milliseconds) => void (now += milliseconds) };
}

/** A load that ends when the test says so, and how often it was begun. */
export function heldLoad<T>(): {
  load: () => Promise<T>;
  end(value: T): void;
  fail(error: Error): void;
  begun(): number;
} {
  const held: PromiseWithResolvers<T>[] = [];
  return {
    load() {
      const one = Promise.withResolvers<T>();
      held.push(one);
      return one.promise;
    },
    end: (value) => held.shift()?.resolve(value),
    fail: (error) => held.shift()?.reject(error),
    begun: () => held.length,
  };
}
