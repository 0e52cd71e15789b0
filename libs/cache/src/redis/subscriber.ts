import type { Redis } from 'ioredis';

export interface Subscriber {
  subscribe(channel: string, listener: (message: string) => void): () => void;
  end(): void;
}

/** A connection that only listens; ioredis subscribes again after each reconnection. */
export function openSubscriber(redis: Redis): Subscriber {
  const listeners = new Map<string, Set<(message: string) => void>>();
  redis.on('error', () => undefined);
  redis.on('message', (channel: string, message: string) => {
    for (const listener of listeners.get(channel) ?? []) listener(message);
  });
  // What was asked for while nothing was connected.
  redis.on('ready', () => {
    if (listeners.size > 0) redis.subscribe(...listeners.keys()).catch(() => undefined);
  });
  return {
    subscribe(channel, listener) {
      const known = listeners.get(channel);
      const set = known ?? new Set();
      set.add(listener);
      listeners.set(channel, set);
      if (known === undefined && redis.status === 'ready') redis.subscribe(channel).catch(() => undefined);
      return () => {
        set.delete(listener);
        if (set.size > 0 || listeners.get(channel) !== set) return;
        listeners.delete(channel);
        if (redis.status === 'ready') redis.unsubscribe(channel).catch(() => undefined);
      };
    },
    end() {
      listeners.clear();
      redis.disconnect();
    },
  };
}
