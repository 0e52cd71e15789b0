import type { SqlConnection } from './facts.ts';

interface ColumnRow {
  table: string;
  column: string;
  type: string;
  nullable: boolean;
  identity: '' | 'a' | 'd';
  generated: boolean;
  has_default: boolean;
}

const columnsSql = `select c.relname as table, a.attname as column, format_type(a.atttypid, null) as type,
  not a.attnotnull as nullable, a.attidentity as identity, a.attgenerated <> '' as generated, a.atthasdef as has_default
from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p') and not c.relispartition
  and a.attnum > 0 and not a.attisdropped and c.relname <> 'schema_migrations'
order by c.relname collate "C", a.attnum`;

/** What the pools' type parsers make of each type. */
const scalars: Readonly<Record<string, string>> = {
  uuid: 'string',
  text: 'string',
  'character varying': 'string',
  numeric: 'string',
  date: 'string',
  'timestamp with time zone': 'string',
  'timestamp without time zone': 'string',
  interval: 'string',
  inet: 'string',
  smallint: 'number',
  integer: 'number',
  bigint: 'number',
  real: 'number',
  'double precision': 'number',
  boolean: 'boolean',
  bytea: 'Buffer',
  tsvector: 'string',
};

/**
 * The kysely types of a migrated schema as the text of `src/store/tables.ts`; the same schema gives the same text.
 * jsonb columns are read as values and written as JSON text, because pg would take an array for a PostgreSQL array.
 */
export async function generateTables(connection: SqlConnection, schema: string): Promise<string> {
  const rows = (await connection.query(columnsSql, [schema])).rows as ColumnRow[];
  const tables = Map.groupBy(rows, ({ table }) => table);
  const interfaces = [...tables].map(([table, columns]) => tableInterface(table, columns));
  const used = ['ColumnType', 'Generated', 'GeneratedAlways'].filter((name) =>
    interfaces.some((text) => text.includes(`${name}<`)),
  );
  const members = [...tables.keys()].map((table) => `  ${table}: ${typeName(table)};`);
  return [
    '// Written by `npm run generate` from the migrated database.',
    ...(used.length === 0 ? [] : [`import type { ${used.join(', ')} } from 'kysely';`]),
    '',
    ...interfaces.flatMap((text) => [text, '']),
    '/** Tables of the schema. */',
    'export interface Tables {',
    ...members,
    '}',
    '',
  ].join('\n');
}

function tableInterface(table: string, columns: readonly ColumnRow[]): string {
  const members = columns.map((column) => `  ${column.column}: ${columnType(column)};`);
  return [`export interface ${typeName(table)} {`, ...members, '}'].join('\n');
}

function columnType({
  table,
  column,
  type,
  nullable,
  identity,
  generated,
  has_default: hasDefault,
}: ColumnRow): string {
  const or = nullable ? ' | null' : '';
  if (type === 'json' || type === 'jsonb') {
    const insert = nullable || hasDefault ? `string${or} | undefined` : 'string';
    return `ColumnType<unknown, ${insert}, string${or}>`;
  }
  const array = type.endsWith('[]');
  const scalar = scalars[array ? type.slice(0, -2) : type];
  if (scalar === undefined) throw new Error(`${table}.${column}: no TypeScript type for ${type}`);
  const value = `${array ? `${scalar}[]` : scalar}${or}`;
  if (generated || identity === 'a') return `GeneratedAlways<${value}>`;
  return hasDefault || identity === 'd' ? `Generated<${value}>` : value;
}

/** `term_keys` → `TermKeysTable`. */
function typeName(table: string): string {
  const words = table.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${words.join('')}Table`;
}
