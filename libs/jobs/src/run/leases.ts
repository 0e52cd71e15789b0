import type { Database, PlatformDoor, Tx } from '@idp/database';
import { StaleLeaseError } from '../errors.ts';
import type { JobTiming } from '../runtime/timing.ts';
import { lockRun, type RunKey } from '../store/end-run.ts';
import { dropLease, takeLease } from '../store/lease.ts';
import { onPlatform } from '../store/statement.ts';
import { JobAbort } from './abort.ts';
import type { LeaseKeeper } from './lease-keeper.ts';

/** What the holder of a lease works with. */
export interface HeldLease {
  readonly fence: number;
  /** Aborts when the lease is lost and at the end of a stop. */
  readonly signal: AbortSignal;
  /** A transaction that commits only while the lease holds. Throws {@link StaleLeaseError}. */
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  transaction<T>(fn: (tx: Tx<any>) => Promise<T>, options?: { unaudited?: string }): Promise<T>;
}

export interface LeaseOptions {
  /** After so long without a sign of life another may take it; default 30, at least 3. */
  leaseSeconds?: number;
}

export type LeaseOutcome<T> = { held: true; value: T } | { held: false };

export interface Leases {
  /** Runs `fn` while this process holds the name; at most one does, over all processes. Does not wait for it: `held` says no. */
  lease<T>(
    tenantId: string,
    name: string,
    fn: (lease: HeldLease) => Promise<T>,
    options?: LeaseOptions,
  ): Promise<LeaseOutcome<T>>;
}

export interface LeaseParts {
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  database: Database<any>;
  door: PlatformDoor;
  keeper: LeaseKeeper;
  owner: string;
  timing: Pick<JobTiming, 'graceMs'>;
}

export function createLeases(parts: LeaseParts): Leases & { release(deadlineMs: number): Promise<void> } {
  const { door, keeper, owner, timing } = parts;
  const held = new Map<AbortController, Promise<unknown>>();

  async function hold<T>(key: RunKey, fn: (lease: HeldLease) => Promise<T>, ending: AbortController): Promise<T> {
    try {
      return await fn(heldLease(parts, key, ending.signal));
    } finally {
      keeper.letGo(key);
      held.delete(ending);
      await door.transaction((tx) => dropLease(onPlatform(tx.db), key));
    }
  }

  return {
    async lease(tenantId, name, fn, { leaseSeconds = 30 } = {}) {
      const since = performance.now();
      const request = { tenantId, name, owner, leaseSeconds, graceMs: timing.graceMs };
      const key = await door.transaction((tx) => takeLease(onPlatform(tx.db), request));
      if (key === undefined) return { held: false };
      const ending = new AbortController();
      const onLost = (): void => ending.abort(new JobAbort('lease lost'));
      keeper.keep({ ...key, leaseSeconds, onLost, onCancel: () => undefined }, since);
      const work = hold(key, fn, ending);
      held.set(ending, work);
      return { held: true, value: await work };
    },
    async release(deadlineMs) {
      for (const ending of held.keys()) ending.abort(new JobAbort('stopping'));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, deadlineMs);
      });
      await Promise.race([Promise.allSettled(held.values()), late]);
      clearTimeout(timer);
    },
  };
}

function heldLease({ database }: LeaseParts, key: RunKey, signal: AbortSignal): HeldLease {
  return {
    fence: key.fence,
    signal,
    transaction: (fn, options = {}) =>
      database.tenant(key.tenantId).write(
        async (tx) => {
          const locked = lockRun((statement) => tx.platform(statement), key);
          locked.catch(() => undefined);
          const value = await fn(tx);
          if ((await locked) === undefined) throw new StaleLeaseError('Another process holds the lease.');
          return value;
        },
        { signal, ...options },
      ),
  };
}
