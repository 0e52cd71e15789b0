import type { CompiledQuery } from 'kysely';
import { encodeParameters } from '../wire/parameters.ts';
import type { Session } from './session.ts';

type Row = Readonly<Record<string, unknown>>;

const parametersMax = 60_000;
const identifier = /^[a-z_][a-z0-9_]*$/;

/** What leaves with COMMIT: statements first, then rows in the order they were added, one INSERT per table. */
export interface Buffers {
  statements: CompiledQuery[];
  rows: { table: string; row: Row }[];
}

export function createBuffers(): Buffers {
  return { statements: [], rows: [] };
}

/** Sends everything without waiting; failures come out at COMMIT. */
export function flush(buffers: Buffers, session: Session): void {
  for (const { sql, parameters } of buffers.statements) session.post(sql, encodeParameters(parameters));
  for (const { table, columns, rows } of groupRows(buffers.rows)) insertRows(session, table, columns, rows);
  buffers.statements = [];
  buffers.rows = [];
}

interface Group {
  table: string;
  columns: string[];
  rows: Row[];
}

function groupRows(rows: Buffers['rows']): Iterable<Group> {
  const groups = new Map<string, Group>();
  for (const { table, row } of rows) {
    const columns = Object.keys(row);
    const key = `${table}(${columns.join()})`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { table, columns, rows: [row] });
    else group.rows.push(row);
  }
  return groups.values();
}

function insertRows(session: Session, table: string, columns: readonly string[], rows: readonly Row[]): void {
  if (![table, ...columns].every((name) => identifier.test(name))) throw new Error(`not a table or column: ${table}`);
  const size = Math.floor(parametersMax / columns.length);
  for (let start = 0; start < rows.length; start += size) {
    const part = rows.slice(start, start + size);
    const tuples = part.map((_, index) => tuple(index * columns.length, columns.length));
    const text = `insert into "${table}" ("${columns.join('","')}") values ${tuples.join()}`;
    session.post(text, encodeParameters(part.flatMap((row) => columns.map((column) => row[column]))));
  }
}

function tuple(offset: number, length: number): string {
  return `(${Array.from({ length }, (_, index) => `$${offset + index + 1}`).join()})`;
}
