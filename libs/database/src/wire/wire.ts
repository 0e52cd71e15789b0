import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { isSqlError, translateLostConnection } from './errors.ts';
import { SelectQuery, type PreparedSelect, type SelectMessage, type SelectValue } from './select-query.ts';

/** What PostgreSQL answered to one statement. */
export interface Answer {
  /** Command tag without counts: `SELECT`, `UPDATE`, `COMMIT`, `ROLLBACK`, … */
  command: string;
  rowCount: number | null;
  rows: unknown[];
}

type AnswerCallback = (error: Error | undefined, answer: Answer) => void;
type QueryConstructor = new (
  config: { text: string; values?: readonly unknown[]; name?: string },
  values: undefined,
  callback: AnswerCallback,
) => pg.Submittable;

// A ready-made Query costs neither the promise nor the stack capture of client.query(text); pg's types lack this form.
const Query = pg.Query as unknown as QueryConstructor;

/** Prepared statements a connection may hold; later ones are sent unnamed. */
const namesMax = 256;
const nameCacheMax = 4096;
/** Of them, statements sent by `select`. */
const selectsMax = 64;

/** Tenant and mode of an implicit transaction; they end with it. */
const scopeText = `select set_config('app.tenant_id', $1, true), set_config('transaction_read_only', 'on', true)`;

/** Whether statements are named, for all connections of one database; an old pooler switches it off. */
export interface Naming {
  enabled: boolean;
  readonly names: Map<string, string>;
}

/**
 * One connection in pipeline mode. Statements sent in the same turn of the event loop leave in one write, and the
 * answers arrive in order.
 */
export class Wire {
  /** Statements sent and not yet answered. */
  pending = 0;
  /** Longest silence while statements are pending, in milliseconds. */
  silenceMaxMs = 0;
  /** `performance.now()` of the last sign of life. */
  lastProgress = 0;
  /** Why we cut the connection, or undefined. */
  cutBecause: 'silence' | 'abort' | undefined;
  #corked = false;
  #held = false;
  readonly #named = new Set<string>();
  readonly #selects = new Map<string, PreparedSelect>();
  #selectNames = 0;
  #queued: Buffer[] = [];
  readonly client: pg.PoolClient;
  readonly #naming: Naming;

  constructor(client: pg.PoolClient, naming: Naming) {
    this.client = client;
    this.#naming = naming;
  }

  get usable(): boolean {
    return this.cutBecause === undefined && !this.#stream.destroyed && this.#stream.writable;
  }

  /** Sends one statement; the promise settles with its answer and never blocks what is sent after it. */
  send(text: string, values?: readonly unknown[]): Promise<Answer> {
    this.#corkTurn();
    return this.#submit(text, values);
  }

  /**
   * Sends one statement together with the next caller's, or at the end of this turn of the event loop if there is none:
   * a COMMIT nobody waits for costs no write and no wake-up of its own.
   */
  sendIdly(text: string): Promise<Answer> {
    if (!this.#corked && !this.#held) {
      this.#held = true;
      const stream = this.#stream;
      stream.cork();
      setImmediate(() => {
        if (!this.#held) return;
        this.#held = false;
        stream.uncork();
      });
    }
    return this.#submit(text);
  }

  #submit(text: string, values?: readonly unknown[]): Promise<Answer> {
    if (this.pending === 0) this.lastProgress = performance.now();
    this.pending += 1;
    return new Promise((resolve, reject) => {
      const config = values === undefined ? { text } : { text, values, ...this.#nameOf(text) };
      const settle: AnswerCallback = (error, answer) => {
        this.pending -= 1;
        this.lastProgress = performance.now();
        if (error) reject(error);
        else resolve(answer);
      };
      this.client.query(new Query(config, undefined, settle));
    });
  }

  /**
   * Sends one statement in a transaction of its own that sees the tenant's rows and can change nothing. What is sent so in one turn
   * of the event loop, by whomever, leaves in one write. Undefined when the connection may prepare no further statement.
   */
  select(tenantId: string, text: string, values: readonly SelectValue[]): Promise<unknown[]> | undefined {
    if (!this.#naming.enabled) return undefined;
    if (this.#selects.size >= selectsMax && !this.#selects.has(text)) return undefined;
    const scope = this.#prepared(scopeText);
    const own = this.#prepared(text);
    const message = {
      scope: { statement: scope.statement, isNew: scope.isNew, values: [tenantId] },
      statement: own.statement,
      isNew: own.isNew,
      values,
    };
    if (this.pending === 0) this.lastProgress = performance.now();
    this.pending += 1;
    return new Promise((resolve, reject) => {
      const settle = (error: Error | undefined, rows: unknown[]): void => {
        this.pending -= 1;
        this.lastProgress = performance.now();
        if (error === undefined) return resolve(rows);
        this.#forget(error, message);
        reject(isSqlError(error) || this.usable ? error : translateLostConnection(error, this.cutBecause));
      };
      this.client.query(new SelectQuery(message, this.#enqueue, settle) as unknown as pg.Submittable);
    });
  }

  /** What became of a failed Parse is not known, and some poolers lose all of them: the next use prepares under a new name. */
  #forget(error: Error, { scope, statement, isNew }: SelectMessage): void {
    const { code } = error as { code?: string };
    if (code === '26000') return this.#selects.clear();
    if (scope.isNew) this.#selects.delete(scopeText);
    // 0A000: its columns are others now.
    if (isNew || code === '0A000') this.#selects.delete(statement.text);
  }

  #prepared(text: string): { statement: PreparedSelect; isNew: boolean } {
    const known = this.#selects.get(text);
    if (known !== undefined) return { statement: known, isNew: false };
    const statement = { name: `select_${(this.#selectNames += 1)}`, text, columns: [] };
    this.#selects.set(text, statement);
    return { statement, isNew: true };
  }

  readonly #enqueue = (bytes: Buffer): void => {
    this.#queued.push(bytes);
    if (this.#queued.length > 1) return;
    // After the poll phase: all requests that arrived in this turn have had theirs.
    setImmediate(() => {
      const queued = this.#queued;
      this.#queued = [];
      this.#stream.write(queued.length === 1 ? queued[0]! : Buffer.concat(queued));
    });
  };

  /** Cuts the connection; everything pending rejects. */
  cut(reason: 'silence' | 'abort'): void {
    this.cutBecause ??= reason;
    this.#stream.destroy();
  }

  /** TLS replaces the stream during the handshake, so it is looked up each time. */
  get #stream(): Duplex {
    return (this.client as unknown as { connection: { stream: Duplex } }).connection.stream;
  }

  #corkTurn(): void {
    if (this.#corked) return;
    this.#corked = true;
    const stream = this.#stream;
    // What was held back leaves with this turn: its cork becomes ours.
    if (this.#held) this.#held = false;
    else stream.cork();
    // Runs after the microtasks of this turn: everything they sent is in one write.
    process.nextTick(() => {
      this.#corked = false;
      stream.uncork();
    });
  }

  #nameOf(text: string): { name?: string } {
    if (!this.#naming.enabled) return {};
    let name = this.#naming.names.get(text);
    if (name === undefined) {
      name = createHash('sha256').update(text).digest('base64url').slice(0, 24);
      if (this.#naming.names.size < nameCacheMax) this.#naming.names.set(text, name);
    }
    if (!this.#named.has(name)) {
      if (this.#named.size >= namesMax) return {};
      this.#named.add(name);
    }
    return { name };
  }
}
