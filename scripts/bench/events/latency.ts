import { build, type Histogram } from 'hdr-histogram-js';
import { setTimeout as pause } from 'node:timers/promises';
import { commitEvents, tenantsOf, type Stage } from './stage.ts';

/** Time from the end of a commit to the end of the effect's, whichever is heard of first. */
export interface Latency {
  /** In microseconds. */
  readonly histogram: Histogram;
  /** Events whose effect has not been heard of. */
  readonly waiting: number;
  onCommitted(ids: readonly string[]): void;
  onEffect(ids: readonly string[]): void;
}

export function createLatency(): Latency {
  const histogram = build({ numberOfSignificantValueDigits: 3 });
  const committed = new Map<string, number>();
  const effective = new Map<string, number>();
  const note = (id: string): void => {
    const [from, to] = [committed.get(id), effective.get(id)];
    if (from === undefined || to === undefined) return;
    histogram.recordValue(Math.max(1, Math.round((to - from) * 1_000)));
    committed.delete(id);
    effective.delete(id);
  };
  return {
    histogram,
    get waiting() {
      return committed.size;
    },
    onCommitted(ids) {
      for (const id of ids) note((committed.set(id, performance.now()), id));
    },
    onEffect(ids) {
      for (const id of ids) note((effective.set(id, performance.now()), id));
    },
  };
}

const eventsPerCommit = 4;

export interface Load {
  /** Events whose commit was confirmed. */
  readonly committed: number;
  readonly failed: number;
  /** Resolves when the last commit is confirmed. */
  end(): Promise<void>;
}

/** Commits at a fixed rate, whatever comes back. */
export function startLoad(stage: Stage, eventsPerSecond: number, onCommitted: (ids: readonly string[]) => void): Load {
  const tenants = tenantsOf(10);
  const work = new Set<Promise<void>>();
  const counts = { committed: 0, failed: 0 };
  let going = true;
  const commit = async (tenant: string): Promise<void> => {
    try {
      onCommitted(await commitEvents(stage.producer, tenant, eventsPerCommit));
      counts.committed += eventsPerCommit;
    } catch {
      counts.failed += eventsPerCommit;
    }
  };
  const loop = (async () => {
    const step = (1_000 * eventsPerCommit) / eventsPerSecond;
    for (let n = 0, next = performance.now(); going; n += 1, next += step) {
      await pause(Math.max(0, next - performance.now()));
      const one: Promise<void> = commit(tenants[n % tenants.length]!).finally(() => void work.delete(one));
      work.add(one);
    }
  })();
  return {
    get committed() {
      return counts.committed;
    },
    get failed() {
      return counts.failed;
    },
    async end() {
      going = false;
      await loop;
      await Promise.all(work);
    },
  };
}
