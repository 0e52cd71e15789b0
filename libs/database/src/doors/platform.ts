import type { Kysely } from 'kysely';
import type { WirePool } from '../wire/pool.ts';
import { bindKysely } from '../transaction/bound-kysely.ts';
import { hookList, statementTimeoutMs } from './door.ts';
import { opening } from '../transaction/openings.ts';
import { runTransaction, type Attempt, type RunEnvironment } from '../transaction/run.ts';

/** A transaction on platform tables, all tenants. */
export interface PlatformTx<DB> {
  readonly db: Kysely<DB>;
  readonly signal: AbortSignal;
  /** Runs after a confirmed COMMIT; its errors are logged. */
  afterCommit(fn: () => void | Promise<void>): void;
}

export interface PlatformOptions {
  readOnly?: boolean;
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /** Longest time of one statement; default is the role's (5 s). */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** Statements on it are raw SQL where no tables are named. */
export interface PlatformDoor<DB = never> {
  /** One transaction, repeated on serialization failures and deadlocks: `fn` must be repeatable. */
  transaction<T>(fn: (tx: PlatformTx<DB>) => Promise<T>, options?: PlatformOptions): Promise<T>;
}

export function createPlatformDoor<DB>(
  environment: RunEnvironment,
  pool: WirePool,
  kind: 'platform' | 'bus',
): PlatformDoor<DB> {
  return {
    transaction<T>(fn: (tx: PlatformTx<DB>) => Promise<T>, options: PlatformOptions = {}): Promise<T> {
      const { isolation, timeoutMs, signal } = options;
      const hooks = hookList(environment);
      const request = {
        pool,
        kind,
        opening: opening({ readOnly: options.readOnly ?? false, isolation, timeoutMs }),
        confirm: true,
        statementTimeoutMs: timeoutMs ?? statementTimeoutMs,
        signal,
      };
      return runTransaction(environment, request, (): Attempt<T> => {
        hooks.list.length = 0;
        return {
          work: (session) =>
            fn({
              db: bindKysely<DB>(session),
              signal: session.signal,
              afterCommit: (hook) => void hooks.list.push(hook),
            }),
          beforeCommit: () => undefined,
          afterCommit: hooks.run,
        };
      });
    },
  };
}
