import pg from 'pg';
import { serialize } from 'pg-protocol';
import { types } from './types.ts';

type Parse = (text: string) => unknown;

interface Column {
  name: string;
  parse: Parse;
}

/** A statement prepared on one connection. Its columns are described once; PostgreSQL refuses it (0A000) when they change. */
export interface PreparedSelect {
  readonly name: string;
  readonly text: string;
  columns: readonly Column[];
}

/** Values a `SelectQuery` sends without pg's conversions. */
export type SelectValue = string | number | boolean | null;

export interface SelectMessage {
  /** Sets the tenant of the implicit transaction. */
  scope: { statement: PreparedSelect; isNew: boolean; values: readonly SelectValue[] };
  statement: PreparedSelect;
  isNew: boolean;
  values: readonly SelectValue[];
}

type Callback = (error: Error | undefined, rows: unknown[]) => void;

interface FieldDescription {
  name: string;
  dataTypeID: number;
}

type QueryConstructor = new (config: { text: string }, values: undefined, callback: () => void) => object;
const Query = pg.Query as unknown as QueryConstructor;

/**
 * One statement of one tenant as a single pipeline: Bind and Execute of the tenant's settings, Bind and Execute of the
 * statement, Sync. Everything up to Sync is one implicit transaction (PostgreSQL, "Extended Query", pipelining), so
 * there is no BEGIN, no COMMIT, and transaction-local settings end with it. Several of them may wait on one connection.
 */
export class SelectQuery extends Query {
  readonly #message: SelectMessage;
  readonly #settle: Callback;
  readonly #write: (bytes: Buffer) => void;
  #rows: unknown[] = [];
  #completed = 0;
  #failure: Error | undefined;

  constructor(message: SelectMessage, write: (bytes: Buffer) => void, settle: Callback) {
    super({ text: '' }, undefined, noop);
    this.#message = message;
    this.#write = write;
    this.#settle = settle;
  }

  submit(): null {
    const { scope, statement, isNew, values } = this.#message;
    const parts: Buffer[] = [];
    if (scope.isNew) parts.push(serialize.parse({ name: scope.statement.name, text: scope.statement.text, types: [] }));
    parts.push(bind(scope.statement, scope.values), serialize.execute());
    if (isNew) {
      parts.push(serialize.parse({ name: statement.name, text: statement.text, types: [] }));
      parts.push(serialize.describe({ type: 'S', name: statement.name }));
    }
    parts.push(bind(statement, values), serialize.execute(), serialize.sync());
    this.#write(Buffer.concat(parts));
    return null;
  }

  handleRowDescription({ fields }: { fields: readonly FieldDescription[] }): void {
    this.#message.statement.columns = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: types.getTypeParser(dataTypeID, 'text') as Parse,
    }));
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    // Before the first completion it is the row of the settings.
    if (this.#completed === 0 || this.#failure !== undefined) return;
    try {
      this.#rows.push(rowOf(this.#message.statement.columns, fields));
    } catch (error) {
      this.#failure = error as Error;
    }
  }

  handleCommandComplete(): void {
    this.#completed += 1;
  }

  handleEmptyQuery(): void {}

  handleReadyForQuery(): void {
    this.#settle(this.#failure, this.#rows);
  }

  handleError(error: Error): void {
    this.#settle(error, []);
  }
}

function noop(): void {}

function bind({ name }: PreparedSelect, values: readonly SelectValue[]): Buffer {
  return serialize.bind({ statement: name, values: values.map((value) => (value === null ? null : String(value))) });
}

function rowOf(columns: readonly Column[], fields: readonly (string | null)[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (let at = 0; at < columns.length; at += 1) {
    const { name, parse } = columns[at]!;
    const text = fields[at]!;
    row[name] = text === null ? null : parse(text);
  }
  return row;
}
