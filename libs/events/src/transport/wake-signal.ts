/** Tells readers of one process that something new lies ready, so that they need not wait for their next poll. */
export interface WakeSignal {
  notify(channel: string): void;
  /** Returns a function that ends the listening. */
  listen(channel: string, listener: () => void): () => void;
}

/** One per process, shared by the relays and transports of all its services. Between processes polling takes its place. */
export function createWakeSignal(): WakeSignal {
  const listeners = new Map<string, Set<() => void>>();
  return {
    notify(channel) {
      for (const listener of listeners.get(channel) ?? []) listener();
    },
    listen(channel, listener) {
      const set = listeners.get(channel) ?? new Set();
      listeners.set(channel, set);
      set.add(listener);
      return () => {
        set.delete(listener);
        if (set.size === 0) listeners.delete(channel);
      };
    },
  };
}

/** Channel of a service's outbox: a transaction with events has committed. */
export function outboxChannel(service: string): string {
  return `outbox:${service}`;
}

/** Channel of a topic: records were appended. */
export function topicChannel(topic: string): string {
  return `topic:${topic}`;
}
