import pg from 'pg';
import { UnavailableError } from '@idp/errors';
import type { Logger } from '@idp/telemetry';
import type { DatabaseMetrics } from '../metrics.ts';
import { types } from './types.ts';
import { Wire, type Naming } from './wire.ts';

const connectTimeoutMs = 2_000;
const idleTimeoutMs = 30_000;
const lifetimeSeconds = 900;
const watchIntervalMs = 250;

export interface WirePool {
  readonly name: string;
  /** A connection of our own until `release`; UnavailableError after 2 s without one. */
  acquire(): Promise<Wire>;
  /** `destroy` closes the connection instead of handing it to the next caller. */
  release(wire: Wire, destroy: boolean): void;
  counts(): { idle: number; used: number; waiting: number };
  /** Waits for the connections in use, then for the sockets of all. */
  end(): Promise<void>;
}

export interface PoolSettings {
  name: string;
  url: string;
  max: number;
  naming: Naming;
  metrics: DatabaseMetrics;
  logger: Logger;
}

/** pg's pool with pipeline mode, bounded waits, a watchdog for silent servers, and an `end` that means closed. */
export function createPool({ name, url, max, naming, metrics, logger }: PoolSettings): WirePool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    min: 0,
    pipeline: true,
    types,
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: idleTimeoutMs,
    // ± 20 %, so that the processes of a fleet do not reconnect together.
    maxLifetimeSeconds: Math.round(lifetimeSeconds * (0.8 + 0.4 * Math.random())),
  });
  const wires = new Map<pg.PoolClient, Wire>();
  const closed = new Set<Promise<unknown>>();
  pool.on('error', (error) => logger.warn({ pool: name, err: error }, 'idle database connection lost'));
  pool.on('connect', (client) => {
    wires.set(client, new Wire(client, naming));
    // While checked out the pool listens no more; an 'error' nobody listens to ends the process.
    client.on('error', () => undefined);
    const end = new Promise<void>((resolve) => client.once('end', resolve)).then(() => {
      wires.delete(client);
      closed.delete(end);
    });
    closed.add(end);
  });
  const stopWatch = watch(wires);

  let ended: Promise<void> | undefined;
  async function close(): Promise<void> {
    stopWatch();
    await pool.end();
    await Promise.all(closed);
  }

  return {
    name,
    acquire() {
      const startedAt = performance.now();
      return new Promise((resolve, reject) => {
        pool.connect((error, client) => {
          metrics.connectionWait.observe({ pool: name }, (performance.now() - startedAt) / 1000);
          if (error || client === undefined) return reject(unavailable(error));
          const wire = wires.get(client);
          if (wire === undefined) return reject(unavailable(new Error('connection closed before use')));
          resolve(wire);
        });
      });
    },
    release(wire, destroy) {
      wire.client.release(destroy || !wire.usable);
    },
    counts: () => ({ idle: pool.idleCount, used: pool.totalCount - pool.idleCount, waiting: pool.waitingCount }),
    end() {
      ended ??= close();
      return ended;
    },
  };
}

/** Cuts connections whose server has been silent for longer than their transaction allows. */
function watch(wires: ReadonlyMap<unknown, Wire>): () => void {
  const timer = setInterval(() => {
    const now = performance.now();
    for (const wire of wires.values()) {
      if (wire.pending > 0 && wire.silenceMaxMs > 0 && now - wire.lastProgress > wire.silenceMaxMs) wire.cut('silence');
    }
  }, watchIntervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

function unavailable(cause: unknown): UnavailableError {
  return new UnavailableError('The database cannot be reached.', { cause, retryAfterSeconds: 1 });
}
