import type { LimitStore } from './limiter/limit-store.ts';
import { createMemoryLimits } from './limiter/memory-store.ts';
import { createRedisLimits } from './limiter/redis-store.ts';
import { connectRedis, type RedisConnection, type RedisConnectionOptions } from './redis/redis-connection.ts';

/** What all services of one process keep caches and rate limits in. */
export interface SharedState extends AsyncDisposable {
  readonly redis: RedisConnection | undefined;
  readonly limits: LimitStore;
}

/** On Redis where there is one, else in the memory of this process. `replicas`: processes that share the limits. */
export async function createSharedState(options: {
  redis?: RedisConnectionOptions | undefined;
  replicas?: number;
}): Promise<SharedState> {
  const { replicas = 1 } = options;
  const redis = options.redis && (await connectRedis(options.redis));
  return {
    redis,
    limits: redis === undefined ? createMemoryLimits({ replicas }) : createRedisLimits({ redis, replicas }),
    [Symbol.asyncDispose]: async () => redis?.[Symbol.asyncDispose](),
  };
}
