import type { CompiledQuery, QueryResult } from 'kysely';
import { TimeoutError } from '@idp/errors';
import type { Logger } from '@idp/telemetry';
import type { ObservedQuery } from '../contract.ts';
import type { DatabaseMetrics } from '../metrics.ts';
import { isSqlError, translateLostConnection, translateSqlError } from '../wire/errors.ts';
import { encodeParameters } from '../wire/parameters.ts';
import type { Answer, Wire } from '../wire/wire.ts';
import type { StatementTarget } from './bound-kysely.ts';

/** What every transaction of one database shares. */
export interface SessionEnvironment {
  metrics: DatabaseMetrics;
  logger: Logger;
  constraints: Readonly<Record<string, string>>;
  environment: 'production' | 'development' | 'test';
  onQuery?: ((query: ObservedQuery) => void) | undefined;
}

export interface Statement {
  text: string;
  values?: readonly unknown[];
}

const changing = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);
const changingCte = /^\s*with\b[\s\S]*\b(?:insert\s+into|update|delete\s+from|merge\s+into)\b/i;
const deleteText = /^\s*delete\b/i;

/**
 * The statements of one transaction on one connection. Nothing is sent before the first statement: it leaves in one
 * write with the opening. A failed statement is remembered: what fails after it in the pipeline (25P02) reports it.
 */
export class Session implements StatementTarget {
  /** First failure since the opening or the last undone savepoint, as the caller sees it. */
  firstError: unknown;
  /** SQLSTATE of the first failure. */
  firstCode: string | undefined;
  /** A statement of the caller changed at least one row. */
  changed = false;
  ended = false;
  readonly wire: Wire;
  readonly #environment: SessionEnvironment;
  readonly #readOnly: boolean;
  #prelude: Statement[];
  #opened = false;
  #abort: AbortController | undefined;

  constructor(wire: Wire, environment: SessionEnvironment, opening: readonly Statement[], readOnly: boolean) {
    this.wire = wire;
    this.#environment = environment;
    this.#readOnly = readOnly;
    this.#prelude = [...opening];
  }

  /** A statement was sent, so there is something to end. */
  get opened(): boolean {
    return this.#opened;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  /** Refuses further statements and cuts the connection if some are under way. */
  abort(): void {
    this.ended = true;
    this.#abort?.abort();
    if (this.wire.pending > 0) this.wire.cut('abort');
  }

  async execute(query: CompiledQuery, name: string): Promise<QueryResult<unknown>> {
    const values = encodeParameters(query.parameters);
    const startedAt = performance.now();
    this.#environment.onQuery?.({ name, sql: query.sql, parameters: values });
    const answer = await this.run(query.sql, values);
    this.#environment.metrics.operations.observe({ query: name }, (performance.now() - startedAt) / 1000);
    if (changing.has(answer.command)) {
      const affected = answer.rowCount ?? 0;
      if (affected > 0) this.changed = true;
      return { rows: answer.rows, numAffectedRows: BigInt(affected) };
    }
    if (!this.changed && changingCte.test(query.sql)) this.changed = true;
    return { rows: answer.rows };
  }

  /** Sends one statement behind the opening; a failure leaves as one of our errors. */
  async run(text: string, values?: readonly unknown[]): Promise<Answer> {
    if (this.ended) throw new TimeoutError('The transaction has ended.');
    this.#sendPrelude();
    try {
      return await this.wire.send(text, values);
    } catch (error) {
      throw this.#failed(error, text);
    }
  }

  /** Sends without waiting; a failure is remembered and comes out at COMMIT. */
  post(text: string, values?: readonly unknown[]): void {
    this.run(text, values).catch(() => undefined);
  }

  /** Queues statements that leave just before the next one, and not at all if there is none. */
  before(statements: readonly Statement[]): void {
    this.#prelude.push(...statements);
  }

  /** Ends the transaction; nothing can be sent afterwards. The answer says what became of it. */
  end(how: 'commit' | 'rollback'): Promise<Answer> {
    this.ended = true;
    if (how === 'rollback') this.#abort?.abort();
    return this.wire.send(how);
  }

  /** Commits when the connection is used next, at the latest at the end of this turn of the event loop. */
  endIdly(): Promise<Answer> {
    this.ended = true;
    return this.wire.sendIdly('commit');
  }

  #sendPrelude(): void {
    if (this.#prelude.length === 0) return;
    this.#opened = true;
    const statements = this.#prelude;
    this.#prelude = [];
    for (const { text, values } of statements) {
      this.wire.send(text, values).catch((error: unknown) => this.#failed(error, text));
    }
  }

  #failed(error: unknown, text: string): unknown {
    if (!isSqlError(error)) {
      if (this.wire.usable) return error;
      this.firstError ??= translateLostConnection(error, this.wire.cutBecause);
      return this.firstError;
    }
    if (this.firstError !== undefined) return this.firstError;
    if (error.code === '42501') this.#environment.metrics.rlsViolations.inc();
    this.firstCode = error.code;
    this.firstError =
      translateSqlError(error, {
        constraints: this.#environment.constraints,
        readOnly: this.#readOnly,
        deleting: deleteText.test(text),
      }) ?? error;
    return this.firstError;
  }
}
