import type { AccessStore } from '../snapshot/access-store.ts';

/** Tenants that are older here than they are known to be. */
export interface Laggards {
  /** The tenant has been said to be at that version. */
  expect(tenantId: string, version: number): void;
  /** A record of the tenant has arrived: something may be missing, or no longer. */
  look(tenantId: string): void;
  /** Auth has nothing newer. */
  forget(tenantId: string): void;
  /** Those behind for 2 s; each is given another 2 s before it is named again. */
  due(): string[];
}

const patienceMs = 2_000;

export function createLaggards(options: {
  store: Pick<AccessStore, 'missing' | 'version'>;
  clock: () => Date;
}): Laggards {
  const { store, clock } = options;
  const behind = new Map<string, { since: number; version: number }>();

  function isBehind(tenantId: string): boolean {
    if (store.missing(tenantId) !== undefined) return true;
    return (store.version(tenantId) ?? -1) < (behind.get(tenantId)?.version ?? -1);
  }

  function note(tenantId: string, version: number): void {
    const known = behind.get(tenantId);
    behind.set(tenantId, {
      since: known?.since ?? clock().getTime(),
      version: Math.max(version, known?.version ?? -1),
    });
    if (!isBehind(tenantId)) behind.delete(tenantId);
  }

  return {
    expect: note,
    look: (tenantId) => note(tenantId, -1),
    forget: (tenantId) => void behind.delete(tenantId),
    due() {
      const now = clock().getTime();
      const late: string[] = [];
      for (const [tenantId, entry] of behind) {
        if (!isBehind(tenantId)) behind.delete(tenantId);
        else if (now - entry.since >= patienceMs) {
          late.push(tenantId);
          entry.since = now;
        }
      }
      return late;
    },
  };
}
