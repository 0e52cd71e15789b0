import type { Chunk, ChunkOptions, Tx } from '../contract.ts';
import { hookList, statementTimeoutMs, type DoorEnvironment } from './door.ts';
import { opening, settingsStatement, tenantUuid } from '../transaction/openings.ts';
import { runTransaction, type Attempt } from '../transaction/run.ts';
import type { Session } from '../transaction/session.ts';
import { ScopedTx } from '../transaction/tx.ts';

/** One transaction over several tenants, one at a time; nothing can be read between two of them. */
export function runChunk<DB, T>(
  environment: DoorEnvironment,
  fn: (chunk: Chunk<DB>) => Promise<T>,
  options: ChunkOptions,
): Promise<T> {
  const hooks = hookList(environment);
  const request = {
    pool: environment.pool,
    kind: 'chunk' as const,
    opening: opening({ readOnly: false, timeoutMs: options.timeoutMs }),
    confirm: true,
    statementTimeoutMs: options.timeoutMs ?? statementTimeoutMs,
    signal: options.signal,
  };
  return runTransaction(environment, request, (): Attempt<T> => {
    hooks.list.length = 0;
    return {
      work: (session) => fn(createChunk<DB>(environment, session, hooks.list)),
      beforeCommit: () => undefined,
      afterCommit: hooks.run,
    };
  });
}

function createChunk<DB>(
  environment: DoorEnvironment,
  session: Session,
  hooks: (() => void | Promise<void>)[],
): Chunk<DB> {
  let current: string | undefined;
  return {
    async tenant<T>(id: string, fn: (tx: Tx<DB>) => Promise<T>): Promise<T> {
      const tenantId = tenantUuid(id);
      if (current !== undefined) throw new Error('a chunk works for one tenant at a time');
      current = tenantId;
      try {
        session.before([settingsStatement({ tenantId })].filter((statement) => statement !== undefined));
        const { service, auditSink, commitListener } = environment;
        const cursors = environment.cursorsOf(tenantId);
        const tx = new ScopedTx<DB>(session, {
          service,
          tenantId,
          readOnly: false,
          hooks,
          auditSink,
          commitListener,
          cursors,
        });
        const value = await fn(tx);
        tx.flush();
        return value;
      } finally {
        current = undefined;
      }
    },
  };
}
