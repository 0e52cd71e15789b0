export type {
  Cache,
  CacheDefinition,
  CacheEntry,
  CacheKey,
  CacheScope,
  CacheTag,
  CreateCache,
  SetOptions,
} from './cache/contract.ts';
export { createCaches, type CreateCacheOptions } from './cache/create-cache.ts';
export { invalidateOnEvents, type EventInvalidation } from './cache/invalidate.ts';
export {
  createLimiter,
  type CreateLimiterOptions,
  type Limiter,
  type RateDecision,
  type RateState,
} from './limiter/create-limiter.ts';
export type { LimitStore, RateCharge } from './limiter/limit-store.ts';
export { createMemoryLimits, type MemoryLimitsOptions } from './limiter/memory-store.ts';
export { defineRatePolicy, type RatePolicy } from './limiter/rate-policy.ts';
export { createRedisLimits } from './limiter/redis-store.ts';
export { connectRedis, type RedisConnection, type RedisConnectionOptions } from './redis/redis-connection.ts';
export { createSharedState, type SharedState } from './shared-state.ts';
