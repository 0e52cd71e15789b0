import type { AccessPort } from '../access-port.ts';
import type { World } from '../decision/world.ts';

/** Waits for worlds that are on their way. */
export interface Freshness {
  /** The tenant at `version` or later, as soon as it is here; undefined where it does not come within `waitMs`. */
  worldAt(tenantId: string, version: number, waitMs?: number): Promise<World | undefined>;
  /** Has auth asked for the whole tenant: once for concurrent callers. Undefined where auth does not know it. */
  loaded(tenantId: string): Promise<World | undefined>;
}

/** How long a decision waits for a version that a caller knows of. */
const waitForVersionMs = 250;

export function createFreshness(port: AccessPort): Freshness {
  const waiting = new Map<string, Set<(version: number) => void>>();
  const loading = new Map<string, Promise<void>>();
  port.onAdvanced((tenantId, version) => {
    for (const hear of waiting.get(tenantId) ?? []) hear(version);
  });

  const known = (tenantId: string, version: number): World | undefined => {
    const world = port.world(tenantId);
    return world !== undefined && world.version >= version ? world : undefined;
  };

  function worldAt(tenantId: string, version: number, waitMs = waitForVersionMs): Promise<World | undefined> {
    const here = known(tenantId, version);
    if (here !== undefined) return Promise.resolve(here);
    const { promise, resolve } = Promise.withResolvers<World | undefined>();
    const listeners = waiting.get(tenantId) ?? new Set();
    waiting.set(tenantId, listeners);
    const end = (): void => {
      clearTimeout(timer);
      listeners.delete(hear);
      if (listeners.size === 0 && waiting.get(tenantId) === listeners) waiting.delete(tenantId);
      resolve(known(tenantId, version));
    };
    const hear = (advanced: number): void => {
      // A world also needs the platform's record: the version alone does not say that it can be asked.
      if (advanced >= version && known(tenantId, version) !== undefined) end();
    };
    const timer = setTimeout(end, waitMs);
    listeners.add(hear);
    return promise;
  }

  return {
    worldAt,
    async loaded(tenantId) {
      let load = loading.get(tenantId);
      if (load === undefined) {
        load = port.load(tenantId).finally(() => loading.delete(tenantId));
        loading.set(tenantId, load);
      }
      await load;
      return port.world(tenantId);
    },
  };
}
