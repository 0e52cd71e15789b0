import { UnavailableError } from '@idp/errors';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { WirePool } from './pool.ts';
import type { SelectValue } from './select-query.ts';
import type { Wire } from './wire.ts';

/** A lane is as good as taken once its server has been silent for so long. */
const stalledMs = 50;
/** Statements waiting on every lane before another is opened. */
const crowded = 16;
const idleMs = 1_000;

export interface LanesOptions {
  pool: WirePool;
  /** Lanes at most; 0 where the pool is too small to spare a connection. */
  max: number;
  /** Longest silence of the server while statements are pending, in milliseconds. */
  silenceMaxMs: number;
}

export interface Lanes {
  /**
   * Sends one statement in the tenant's scope on a connection shared with others. Resolves with its rows, or undefined
   * when no lane may take it now: the caller uses a connection of his own. Rejects with PostgreSQL's error.
   */
  select(tenantId: string, text: string, values: readonly SelectValue[]): Promise<unknown[]> | undefined;
  /** Takes no further statement and gives the connections back when theirs are answered. */
  close(): void;
}

interface Lane {
  readonly wire: Wire;
  usedAt: number;
}

/**
 * Connections of a pool on which single statements of many callers queue up, so that what is asked in one turn of the
 * event loop leaves in one write. A statement that is slow holds up what stands behind it, therefore a silent lane gets no more.
 */
export function createLanes({ pool, max, silenceMaxMs }: LanesOptions): Lanes {
  const lanes: Lane[] = [];
  let opening = 0;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  // Lanes outlive the request that happens to open them.
  const outside = AsyncLocalStorage.snapshot();

  function choose(): Lane | undefined {
    const now = performance.now();
    let best: Lane | undefined;
    if (lanes.some(({ wire }) => !wire.usable)) sweep();
    for (const lane of lanes) {
      const { wire } = lane;
      if (wire.pending > 0 && now - wire.lastProgress > stalledMs) continue;
      if (best === undefined || wire.pending < best.wire.pending) best = lane;
    }
    if ((best === undefined || best.wire.pending >= crowded) && lanes.length + opening < max) void outside(open);
    if (best !== undefined) best.usedAt = now;
    return best;
  }

  async function open(): Promise<void> {
    opening += 1;
    try {
      const wire = await pool.acquire();
      wire.silenceMaxMs = silenceMaxMs;
      lanes.push({ wire, usedAt: performance.now() });
      timer ??= setInterval(sweep, idleMs);
      timer.unref();
      if (closed) sweep();
    } catch (error) {
      // The caller's own connection will meet the same error and report it.
      if (!(error instanceof UnavailableError)) throw error;
    } finally {
      opening -= 1;
    }
  }

  /** Gives back what is idle, and at once what others wait for. */
  function sweep(): void {
    const now = performance.now();
    for (const lane of lanes.slice()) {
      const { wire, usedAt } = lane;
      if (!wire.usable) release(lane, true);
      else if (wire.pending === 0 && (closed || now - usedAt > idleMs || pool.counts().waiting > 0))
        release(lane, false);
    }
    if (lanes.length > 0 || timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
  }

  function release(lane: Lane, destroy: boolean): void {
    lanes.splice(lanes.indexOf(lane), 1);
    pool.release(lane.wire, destroy);
  }

  return {
    select(tenantId, text, values) {
      if (closed || max === 0) return undefined;
      const lane = choose();
      const rows = lane?.wire.select(tenantId, text, values);
      if (lane === undefined || rows === undefined) return undefined;
      const settled = (): void => {
        if (lane.wire.pending === 0 && (closed || !lane.wire.usable || pool.counts().waiting > 0)) sweep();
      };
      rows.then(settled, settled);
      return rows;
    },
    close() {
      closed = true;
      sweep();
    },
  };
}
