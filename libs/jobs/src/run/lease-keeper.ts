import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@idp/telemetry';
import type { PlatformDoor } from '@idp/database';
import type { JobTiming } from '../runtime/timing.ts';
import { extendLeases, listOwned, type HeldRun } from '../store/lease.ts';
import { runName, type RunKey } from '../store/end-run.ts';
import { onPlatform } from '../store/statement.ts';

/** A lease of this process, from its claim until it is let go. */
export interface KeptLease extends HeldRun {
  /** Another owner has it, or nobody answered for so long that another may. */
  onLost(): void;
  onCancel(): void;
}

export interface LeaseKeeper {
  /** `since` is when the claim was sent, by the monotonic clock. */
  keep(lease: KeptLease, since: number): void;
  letGo(run: Pick<RunKey, 'id' | 'fence'>): void;
  /** Sends a beat now; for tests and for what must know soon. */
  beat(): Promise<void>;
  stop(): Promise<void>;
}

interface Kept {
  lease: KeptLease;
  /** When the last acknowledged claim or beat was sent. */
  heardAt: number;
}

/**
 * Keeps all leases of one process alive with one statement every third of the shortest lease. A lease without an acknowledged beat
 * for two thirds of its length is given up here before anyone else may take it; both by the monotonic clock, from the sending.
 */
export function createLeaseKeeper(options: { door: PlatformDoor; timing: JobTiming; logger: Logger }): LeaseKeeper {
  const { door, timing, logger } = options;
  /** By the name of the run. */
  const kept = new Map<string, Kept>();
  const ending = new AbortController();
  let loop: Promise<void> | undefined;

  function lose(name: string, { lease }: Kept): void {
    if (kept.delete(name)) lease.onLost();
  }

  function giveUpSilent(): void {
    const now = performance.now();
    for (const [name, entry] of kept) {
      if (now - entry.heardAt >= entry.lease.leaseSeconds * 1_000 * timing.silenceShare) lose(name, entry);
    }
  }

  async function beat(): Promise<void> {
    const entries = new Map(kept);
    if (entries.size === 0) return;
    const leases = [...entries.values()].map(({ lease }) => lease);
    const sentAt = performance.now();
    const { answers, owned } = await door.transaction(async (tx) => {
      const run = onPlatform(tx.db);
      const extended = await extendLeases(run, leases);
      const seen = new Set(extended.map(runName));
      const missing = leases.filter((lease) => !seen.has(runName(lease)));
      const still = missing.length === 0 ? [] : await listOwned(run, missing);
      return { answers: extended, owned: new Set(still.map(runName)) };
    });
    for (const answer of answers) {
      const name = runName(answer);
      const entry = entries.get(name)!;
      entry.heardAt = sentAt;
      if (answer.cancelled && kept.has(name)) entry.lease.onCancel();
      entries.delete(name);
    }
    for (const [name, entry] of entries) if (!owned.has(name)) lose(name, entry);
  }

  async function run(): Promise<void> {
    let beatAt = 0;
    while (!ending.signal.aborted && kept.size > 0) {
      const shortest = Math.min(...[...kept.values()].map(({ lease }) => lease.leaseSeconds));
      const everyMs = shortest * 1_000 * timing.beatShare;
      await sleep(everyMs / 4, undefined, { signal: ending.signal, ref: false }).catch(() => undefined);
      giveUpSilent();
      if (performance.now() - beatAt < everyMs * 0.9) continue;
      beatAt = performance.now();
      // Not awaited: a beat that hangs must not keep the leases from being given up.
      beat().catch((error: unknown) => logger.warn({ err: error }, 'leases of jobs could not be extended'));
    }
    loop = undefined;
  }

  return {
    keep(lease, since) {
      kept.set(runName(lease), { lease, heardAt: since });
      loop ??= run();
    },
    letGo: (key) => void kept.delete(runName(key)),
    beat,
    async stop() {
      ending.abort();
      await loop;
    },
  };
}
