import type { CompiledQuery } from 'kysely';
import { platformTenantId } from '@idp/contracts';
import type { AuditSink, CommitListener, CursorCodec, Door, ReadOptions, Tx, WriteOptions } from '../contract.ts';
import type { WirePool } from '../wire/pool.ts';
import { opening, settingsStatement } from '../transaction/openings.ts';
import { runTransaction, type Attempt, type RunEnvironment, type TransactionRequest } from '../transaction/run.ts';
import type { Session } from '../transaction/session.ts';
import { ScopedTx } from '../transaction/tx.ts';
import { named } from '../transaction/bound-kysely.ts';
import type { Lanes } from '../wire/lanes.ts';
import { selectShared } from './select.ts';

/** Statement limit of the app and relay roles, in milliseconds. */
export const statementTimeoutMs = 5_000;

export interface DoorEnvironment extends RunEnvironment {
  service: string;
  pool: WirePool;
  replica: WirePool | undefined;
  lanes: Lanes;
  globalTables: boolean;
  cursorsOf(tenantId: string): CursorCodec;
  auditSink(): AuditSink | undefined;
  commitListener: CommitListener;
}

/** What a door stands for: one tenant, or the global tables of the service. */
export type DoorScope = { tenantId: string } | { tenantId: undefined };

export function createDoor<DB>(environment: DoorEnvironment, scope: DoorScope): Door<DB> {
  return {
    select: (name, query) => environment.underWay.run(() => select(environment, scope, name, query)),
    read: (fn, options = {}) => read(environment, scope, fn, options),
    write: (fn, options = {}) => write(environment, scope, fn, options),
  };
}

async function select<R>(
  environment: DoorEnvironment,
  scope: DoorScope,
  name: string,
  query: CompiledQuery<R>,
): Promise<R[]> {
  const { tenantId } = scope;
  const rows = tenantId === undefined ? undefined : await selectShared(environment, { tenantId, query, name });
  if (rows !== undefined) return rows;
  const result = await read<unknown, { rows: R[] }>(
    environment,
    scope,
    (tx) => named(tx.db, name).executeQuery(query),
    {},
  );
  return result.rows;
}

function read<DB, T>(
  environment: DoorEnvironment,
  scope: DoorScope,
  fn: (tx: Tx<DB>) => Promise<T>,
  options: ReadOptions,
): Promise<T> {
  const hooks = hookList(environment);
  const request: TransactionRequest = {
    pool: options.consistency === 'eventual' ? (environment.replica ?? environment.pool) : environment.pool,
    kind: 'read',
    opening: opening({ readOnly: true, ...scoped(environment, scope, options) }),
    confirm: options.isolation === 'serializable',
    statementTimeoutMs: options.timeoutMs ?? statementTimeoutMs,
    signal: options.signal,
  };
  return runTransaction(environment, request, () => {
    hooks.list.length = 0;
    return {
      work: (session) => fn(new ScopedTx<DB>(session, txSettings(environment, scope, true, hooks.list))),
      beforeCommit: () => undefined,
      afterCommit: hooks.run,
    };
  });
}

function write<DB, T>(
  environment: DoorEnvironment,
  scope: DoorScope,
  fn: (tx: Tx<DB>) => Promise<T>,
  options: WriteOptions,
): Promise<T> {
  const hooks = hookList(environment);
  const request: TransactionRequest = {
    pool: environment.pool,
    kind: 'write',
    opening: opening({ readOnly: false, ...scoped(environment, scope, options) }),
    confirm: true,
    statementTimeoutMs: options.timeoutMs ?? statementTimeoutMs,
    signal: options.signal,
  };
  return runTransaction(environment, request, (): Attempt<T> => {
    hooks.list.length = 0;
    let tx: ScopedTx<DB>;
    return {
      work(session) {
        tx = new ScopedTx<DB>(session, txSettings(environment, scope, false, hooks.list));
        return fn(tx);
      },
      beforeCommit(session) {
        if (scope.tenantId !== undefined) checkAudited(environment, session, tx.audited, options.unaudited);
        flushScope(session, scope, tx);
      },
      afterCommit: hooks.run,
    };
  });
}

function scoped(environment: DoorEnvironment, scope: DoorScope, options: ReadOptions | WriteOptions) {
  const global = scope.tenantId === undefined || options.global === true;
  if (global) requireGlobalTables(environment);
  return { tenantId: scope.tenantId, global, isolation: options.isolation, timeoutMs: options.timeoutMs };
}

export function requireGlobalTables({ service, globalTables }: DoorEnvironment): void {
  if (!globalTables) throw new Error(`${service} declares no global tables`);
}

/** Audit rows and events of the global door belong to the platform tenant, which is set for them alone. */
function flushScope<DB>(session: Session, scope: DoorScope, tx: ScopedTx<DB>): void {
  if (scope.tenantId === undefined && tx.buffered) {
    session.before([settingsStatement({ tenantId: platformTenantId })].filter((statement) => statement !== undefined));
  }
  tx.flush();
}

function txSettings(environment: DoorEnvironment, scope: DoorScope, readOnly: boolean, hooks: Hook[]) {
  const tenantId = scope.tenantId ?? platformTenantId;
  const { service, auditSink, commitListener } = environment;
  return { service, tenantId, readOnly, hooks, auditSink, commitListener, cursors: environment.cursorsOf(tenantId) };
}

function checkAudited(environment: DoorEnvironment, session: Session, audited: boolean, reason: string | undefined) {
  if (!session.changed || audited || reason !== undefined) return;
  environment.metrics.unauditedWrites.inc();
  if (environment.environment === 'production') {
    environment.logger.error('a write without an audit row and without a reason');
    return;
  }
  throw new Error(`this write changed rows: call tx.audit(), or say { unaudited: '<reason>' }`);
}

export type Hook = () => void | Promise<void>;

/** Hooks of the attempt that committed; their errors are logged and change nothing. */
export function hookList({ logger }: Pick<RunEnvironment, 'logger'>): { list: Hook[]; run(): Promise<void> } {
  const list: Hook[] = [];
  return {
    list,
    async run() {
      for (const hook of list) {
        try {
          await hook();
        } catch (error) {
          logger.error({ err: error }, 'work after a commit failed');
        }
      }
    },
  };
}
