import { createSharedState, type SharedState } from '@idp/cache';
import type { WakeSignal } from '@idp/events';
import type { Logger } from '@idp/telemetry';

/** Settings of a host that decide where caches and rate limits are kept. */
export interface SharedStateSettings {
  REDIS_URL?: string | undefined;
  REPLICAS?: number;
}

/** Opens what all services of this process keep caches and rate limits in; the host disposes it after the last of them. */
export function openSharedState({ REDIS_URL: url, REPLICAS: replicas = 1 }: SharedStateSettings): Promise<SharedState> {
  return createSharedState({ replicas, ...(url !== undefined && { redis: { url } }) });
}

/** Address of `REDIS_URL`, which no URL that somebody typed may reach. */
export function redisEndpoints({ REDIS_URL: url }: SharedStateSettings): { host: string; port: number }[] {
  if (url === undefined) return [];
  const { hostname, port } = new URL(url);
  return [{ host: hostname, port: Number(port || 6379) }];
}

/** One line when Redis goes and one when it comes back; the platform works either way. */
export function logRedis({ redis }: SharedState, logger: Pick<Logger, 'info' | 'warn'>): void {
  const away = 'Redis does not answer: caches and rate limits are kept in memory meanwhile';
  if (redis === undefined) return;
  if (!redis.available()) logger.warn(away);
  redis.onChange((available) => {
    if (available) logger.info('Redis answers');
    else logger.warn(away);
  });
}

const channel = 'idp:wake';
const separator = ' ';

/**
 * A wake signal that reaches the other processes on the same Redis too: hints, which may be lost. Those of one turn of the event loop
 * leave together; what arrives is no more than the names of channels somebody may listen to.
 */
export function shareWakeSignal(local: WakeSignal, { redis }: SharedState): WakeSignal {
  if (redis === undefined) return local;
  const self = crypto.randomUUID();
  const pending = new Set<string>();
  redis.subscribe(channel, (message) => {
    const [sender, ...channels] = message.split(separator);
    if (sender !== self) for (const one of channels) local.notify(one);
  });
  function send(): void {
    redis?.publish(channel, [self, ...pending].join(separator));
    pending.clear();
  }
  return {
    listen: (one, listener) => local.listen(one, listener),
    notify(one) {
      local.notify(one);
      if (pending.size === 0) setImmediate(send);
      pending.add(one);
    },
  };
}
