import type { Compilable, Kysely, RawBuilder } from 'kysely';
import { recordAudit } from '../audit/record.ts';
import type { AuditEntry, AuditSink, CommitListener, CursorCodec, Tx } from '../contract.ts';
import { bindKysely } from './bound-kysely.ts';
import { encodeParameters } from '../wire/parameters.ts';
import { createBuffers, flush, type Buffers } from './buffers.ts';
import type { Session } from './session.ts';

export interface TxSettings {
  service: string;
  tenantId: string;
  readOnly: boolean;
  cursors: CursorCodec;
  auditSink: () => AuditSink | undefined;
  commitListener: CommitListener;
  /** Shared by all tenants of a chunk. */
  hooks: (() => void | Promise<void>)[];
}

/** The transaction as one tenant's code sees it. */
export class ScopedTx<DB> implements Tx<DB> {
  readonly db: Kysely<DB>;
  readonly service: string;
  readonly tenantId: string;
  readonly readOnly: boolean;
  readonly cursors: CursorCodec;
  audited = false;
  readonly #session: Session;
  readonly #settings: TxSettings;
  #buffers: Buffers = createBuffers();
  #savepoints = 0;
  readonly #announced = new Set<string>();

  constructor(session: Session, settings: TxSettings) {
    this.#session = session;
    this.#settings = settings;
    this.db = bindKysely<DB>(session);
    this.service = settings.service;
    this.tenantId = settings.tenantId;
    this.readOnly = settings.readOnly;
    this.cursors = settings.cursors;
  }

  get failure(): unknown {
    return this.#session.firstError;
  }

  get signal(): AbortSignal {
    return this.#session.signal;
  }

  audit(entry: AuditEntry): string {
    this.#mustWrite('audit');
    const record = recordAudit(entry, { service: this.#settings.service, tenantId: this.tenantId });
    this.audited = true;
    this.#buffers.rows.push({ table: 'audit_log', row: record.row });
    this.#settings.auditSink()?.(this as unknown as Tx<never>, record.record);
    return record.record.id;
  }

  beforeCommit(table: string, row: Readonly<Record<string, unknown>>): void {
    this.#mustWrite('beforeCommit');
    this.#buffers.rows.push({ table, row });
  }

  withCommit(statement: Compilable | RawBuilder<unknown>, options: { unaudited?: string } = {}): void {
    this.#mustWrite('withCommit');
    if (options.unaudited === undefined) this.#session.changed = true;
    this.#buffers.statements.push(statement.compile(this.db));
  }

  async platform<R>(statement: RawBuilder<R>, options: { announce?: string } = {}): Promise<R[]> {
    this.#mustWrite('platform');
    if (options.announce !== undefined) this.#announced.add(options.announce);
    const { sql, parameters } = statement.compile(this.db);
    const { rows } = await this.#session.run(sql, encodeParameters(parameters));
    return rows as R[];
  }

  afterCommit(fn: () => void | Promise<void>): void {
    this.#settings.hooks.push(fn);
  }

  async savepoint<T>(fn: () => Promise<T>): Promise<T> {
    const session = this.#session;
    const name = `sp_${(this.#savepoints += 1)}`;
    const before = { error: session.firstError, code: session.firstCode, changed: session.changed };
    const kept = { rows: this.#buffers.rows.length, statements: this.#buffers.statements.length };
    const hooks = this.#settings.hooks.length;
    session.post(`savepoint ${name}`);
    try {
      const value = await fn();
      if (session.firstError !== before.error) throw session.firstError;
      session.post(`release savepoint ${name}`);
      return value;
    } catch (error) {
      this.#buffers.rows.length = kept.rows;
      this.#buffers.statements.length = kept.statements;
      this.#settings.hooks.length = hooks;
      if (session.wire.usable && !session.ended) {
        await session.run(`rollback to savepoint ${name}`);
        session.firstError = before.error;
        session.firstCode = before.code;
        session.changed = before.changed;
      }
      throw error;
    }
  }

  get buffered(): boolean {
    return this.#buffers.rows.length > 0 || this.#buffers.statements.length > 0;
  }

  /** Sends what was buffered, without waiting. */
  flush(): void {
    const tables = new Set([...this.#announced, ...this.#buffers.rows.map(({ table }) => table)]);
    if (tables.size > 0) this.#settings.hooks.push(() => this.#settings.commitListener(tables));
    flush(this.#buffers, this.#session);
  }

  #mustWrite(what: string): void {
    if (this.readOnly) throw new Error(`${what} needs a write transaction`);
    if (this.#session.ended) throw new Error(`${what} after the transaction has ended`);
  }
}
