import type { Chunk, ChunkOptions, TenantStatements, Tx } from '../contract.ts';
import { hookList, requireGlobalTables, statementTimeoutMs, type DoorEnvironment } from './door.ts';
import { opening, settingsStatement, tenantUuid } from '../transaction/openings.ts';
import { bindKysely } from '../transaction/bound-kysely.ts';
import { runTransaction, type Attempt } from '../transaction/run.ts';
import type { Session } from '../transaction/session.ts';
import { ScopedTx } from '../transaction/tx.ts';

/** One transaction over several tenants, one at a time; nothing can be read between two of them. */
export function runChunk<DB, T>(
  environment: DoorEnvironment,
  fn: (chunk: Chunk<DB>) => Promise<T>,
  options: ChunkOptions,
): Promise<T> {
  if (options.global === true) requireGlobalTables(environment);
  const hooks = hookList(environment);
  const request = {
    pool: environment.pool,
    kind: 'chunk' as const,
    opening: opening({ readOnly: false, global: options.global, timeoutMs: options.timeoutMs }),
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
  const db = bindKysely<DB>(session);
  /** Tenant of the statements sent from here on. */
  let context: string | undefined;
  let busy = false;

  function enter(id: string): string {
    const tenantId = tenantUuid(id);
    if (tenantId !== context) session.before([settingsStatement({ tenantId })].filter((each) => each !== undefined));
    context = tenantId;
    return tenantId;
  }

  /** Sends at once, so that nothing of another tenant comes between. */
  async function send({ tenantId, statements }: TenantStatements): Promise<unknown[][]> {
    enter(tenantId);
    const answers = await Promise.all(statements.map((statement) => statement.execute(db)));
    return answers.map(({ rows }) => rows);
  }

  return {
    async ask(requests) {
      if (busy) throw new Error('a chunk works for one tenant at a time');
      return Promise.all(requests.map(send));
    },
    async tenant<T>(id: string, fn: (tx: Tx<DB>) => Promise<T>): Promise<T> {
      if (busy) throw new Error('a chunk works for one tenant at a time');
      const tenantId = enter(id);
      busy = true;
      try {
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
        busy = false;
      }
    },
  };
}
