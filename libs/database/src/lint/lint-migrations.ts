import { readMigrations } from '../migrations/files.ts';
import type { MigrationSource } from '../migrations/source.ts';
import { templated } from '../migrations/template.ts';
import { serviceRoles } from '../roles/names.ts';
import { parseStatements } from './parse.ts';
import { canonicalPolicies, judgeTable, type LintFinding } from './rules.ts';
import { readStatement, type TableFacts } from './tables.ts';

/**
 * Judges the migrations of one schema with PostgreSQL's own parser: class, row security and canonical policy, grants,
 * and tenant_id first in every unique index and foreign key. `sources` are all components of the schema, in order.
 * Throws the parser's error, with the file in its message, on text that does not parse.
 */
export async function lintMigrations(sources: readonly MigrationSource[]): Promise<LintFinding[]> {
  const roles = serviceRoles('lint');
  const tables = new Map<string, TableFacts>();
  for (const source of sources) {
    for (const { component, file, sql } of await readMigrations(source)) {
      const statements = await parseStatements(templated(sql, roles)).catch((error: Error) => {
        throw new SyntaxError(`${component}/${file}: ${error.message}`, { cause: error });
      });
      for (const statement of statements) readStatement(tables, statement, { component, file, line: statement.line });
    }
  }
  const canonical = await canonicalPolicies();
  return [...tables.values()].flatMap((table) => judgeTable(table, tables, { canonical, app: roles.app }));
}

/** One line per finding, as compilers print them. */
export function formatFinding({ component, file, line, table, rule, message }: LintFinding): string {
  return `${component}/${file}:${line}: ${table}: ${message} (${rule})`;
}
