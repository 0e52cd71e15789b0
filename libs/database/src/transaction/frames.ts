import { AsyncLocalStorage } from 'node:async_hooks';
import type { WirePool } from '../wire/pool.ts';
import type { SessionEnvironment } from './session.ts';

/** A transaction in progress, and the one it was started in. */
export interface Frame {
  pool: WirePool;
  active: boolean;
  parent: Frame | undefined;
}

/** The transaction that the running code belongs to. */
export const frames = new AsyncLocalStorage<Frame>();

/** A second connection of a pool while holding one of it can wait for ever once all callers do the same. */
export function enter(environment: Pick<SessionEnvironment, 'environment'>, pool: WirePool): Frame {
  const parent = frames.getStore();
  if (environment.environment !== 'production') {
    for (let frame = parent; frame !== undefined; frame = frame.parent) {
      if (frame.active && frame.pool === pool)
        throw new Error(`a transaction inside a transaction of pool ${pool.name}`);
    }
  }
  return { pool, active: true, parent };
}
