const delayMs = { first: 50, max: 30_000 };

/** Topics that failed and wait. One bad topic holds back no other. */
export interface TopicHolds {
  readonly topics: readonly string[];
  list(): Iterable<{ topic: string; failures: number; nextTryMs: number }>;
  hold(topic: string): void;
  release(topic: string): void;
  /** Milliseconds until the first hold ends; undefined when nothing is held. */
  nextMs(): number | undefined;
}

/** Full jitter: a random part of a delay that doubles with each failure, so that relays do not come back together. */
export function createTopicHolds({ now, random }: { now: () => number; random: () => number }): TopicHolds {
  const held = new Map<string, { until: number; failures: number }>();
  return {
    get topics() {
      const at = now();
      return [...held].filter(([, { until }]) => until > at).map(([topic]) => topic);
    },
    *list() {
      const at = now();
      for (const [topic, { failures, until }] of held) yield { topic, failures, nextTryMs: Math.max(0, until - at) };
    },
    hold(topic) {
      const failures = (held.get(topic)?.failures ?? 0) + 1;
      const ceiling = Math.min(delayMs.max, delayMs.first * 2 ** Math.min(failures - 1, 20));
      held.set(topic, { failures, until: now() + Math.max(1, random() * ceiling) });
    },
    release(topic) {
      held.delete(topic);
    },
    nextMs() {
      const ends = [...held.values()].map(({ until }) => until - now()).filter((left) => left > 0);
      return ends.length === 0 ? undefined : Math.min(...ends);
    },
  };
}
