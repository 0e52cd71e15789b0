import type { Cache, CacheKey } from './contract.ts';

/** The two functions an instance consumer of `libs/events` is defined with. */
export interface EventInvalidation<Event> {
  handle(event: Event): Promise<void>;
  onReset(): Promise<void>;
}

/**
 * Keeps a cache in step with events that every process of the service receives: `changed` names the values an event is about, with
 * the version of the row after it. Missed events (`onReset`) make this process forget all it holds.
 */
export function invalidateOnEvents<Event>(
  cache: Pick<Cache<never>, 'delete' | 'clearLocal'>,
  changed: (event: Event) => readonly { key: CacheKey; version?: number }[],
): EventInvalidation<Event> {
  return {
    async handle(event) {
      await Promise.all(
        changed(event).map(({ key, version }) => cache.delete(key, version === undefined ? {} : { version })),
      );
    },
    async onReset() {
      cache.clearLocal();
    },
  };
}
