/** A node of PostgreSQL's parse tree as libpg-query gives it. */
export type Node = Readonly<Record<string, unknown>>;

export interface Statement {
  /** Kind, e.g. `CreateStmt`. */
  kind: string;
  node: Node;
  /** 1-based line of the statement in its file. */
  line: number;
}

/** Statements of one file, judged by PostgreSQL's own parser. Throws its SqlError on text that does not parse. */
export async function parseStatements(sql: string): Promise<Statement[]> {
  // Loaded by those who lint: the parser is 2 MB of WebAssembly, and every service imports this library.
  const { parse } = await import('libpg-query');
  const bytes = Buffer.from(sql);
  const { stmts = [] } = (await parse(sql)) as { stmts?: { stmt: Node; stmt_location?: number }[] };
  return stmts.map(({ stmt, stmt_location: at = 0 }) => {
    const [kind = '', node = {}] = Object.entries(stmt)[0] ?? [];
    const before = bytes.subarray(0, at).toString();
    const rest = bytes.subarray(at).toString();
    const leading = /^(?:\s|--[^\n]*\n)*/.exec(rest)?.[0] ?? '';
    return { kind, node: node as Node, line: (before + leading).split('\n').length };
  });
}

/** Member by path through nested nodes; undefined where a step is missing. */
export function at(node: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<string | number, unknown> | undefined)?.[step], node);
}

export function list(value: unknown): Node[] {
  return Array.isArray(value) ? (value as Node[]) : [];
}

/** `[{ String: { sval } }, …]` as texts. */
export function names(value: unknown): string[] {
  return list(value).map((item) => String(at(item, 'String', 'sval')));
}

/** The tree without positions, so that equal expressions are equal texts. */
export function shape(node: unknown): string {
  return JSON.stringify(node, (key, value: unknown) => (key === 'location' ? undefined : value));
}
