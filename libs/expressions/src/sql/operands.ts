import { sql, type Expression, type RawBuilder, type SqlBool } from 'kysely';
import type { TermType } from '../compile/term.ts';
import type { ConditionValue } from '../values.ts';

/**
 * The column behind an attribute. `string` is text or varchar, or with `type: 'uuid'` a uuid whose canonical lower-case
 * form is the attribute; `int` is any integer type, `bool` boolean, `timestamp` timestamptz read in milliseconds,
 * `list<string>` text[], `list<int>` int8[]. A null column is a missing attribute.
 */
export type Column = Expression<unknown> | { readonly column: Expression<unknown>; readonly type: 'uuid' };

/** Columns by attribute as written after `resource.`: `kind`, `id`, `scope.teamId`. */
export type Columns = Readonly<Record<string, Column>>;

/** A translated test: a boolean where it is known already, null where it has no answer whatever the row. */
export type Test = boolean | null | Expression<SqlBool>;

/** One side of a comparison. */
export type Operand =
  | { readonly kind: 'value'; readonly value: ConditionValue; readonly type: TermType }
  | {
      readonly kind: 'column';
      readonly column: Expression<unknown>;
      readonly isUuid: boolean;
      readonly type: TermType;
    };

export type ColumnOperand = Extract<Operand, { kind: 'column' }>;

/** The operand of a column. */
export function columnOperand(column: Column, type: TermType): ColumnOperand {
  return 'column' in column
    ? { kind: 'column', column: closed(column.column), isUuid: true, type }
    : { kind: 'column', column: closed(column), isUuid: false, type };
}

/** A column may be an expression, which must not fall apart beside an operator. */
function closed(column: Expression<unknown>): Expression<unknown> {
  return column.toOperationNode().kind === 'ReferenceNode' ? column : sql`(${column})`;
}

/** The attribute's value in SQL, as CEL sees it. */
export function attributeValue({ column, isUuid, type }: ColumnOperand): RawBuilder<unknown> {
  if (isUuid) return sql`${column}::text`;
  return type === 'timestamp' ? sql`date_trunc('milliseconds', ${column})` : sql`${column}`;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is what a uuid looks like when it is read. */
export function isUuidText(value: ConditionValue): value is string {
  return typeof value === 'string' && uuid.test(value);
}

/** A value as parameter; numbers travel as text, because JavaScript's do not hold 64 bits. */
export function parameter(value: ConditionValue): RawBuilder<unknown> {
  if (typeof value === 'string') return sql`${value}::text`;
  if (typeof value === 'bigint') return sql`${String(value)}::int8`;
  if (typeof value === 'boolean') return sql`${value}::boolean`;
  switch (typeof value[0]) {
    case 'bigint':
      return sql`${value.map(String)}::int8[]`;
    case 'boolean':
      return sql`${value}::boolean[]`;
    default:
      return sql`${value}::text[]`;
  }
}

/** A moment as parameter; those no calendar of PostgreSQL holds become infinite. */
export function moment(milliseconds: bigint): RawBuilder<unknown> {
  return sql`${momentText(milliseconds)}::timestamptz`;
}

const yearMin = -4_711;
const yearMax = 275_759;

function momentText(milliseconds: bigint): string {
  const date = new Date(Number(milliseconds));
  const year = date.getUTCFullYear();
  if (Number.isNaN(year) || year < yearMin || year > yearMax) return milliseconds < 0n ? '-infinity' : 'infinity';
  const [, day] = /^[+-]?\d+-(.*)$/.exec(date.toISOString()) as unknown as [string, string];
  const digits = String(year > 0 ? year : 1 - year).padStart(4, '0');
  return `${digits}-${day}${year > 0 ? '' : ' BC'}`;
}

/** False; null where the column is. */
export function neverEqual({ column }: ColumnOperand): Expression<SqlBool> {
  return sql<SqlBool>`(${column} is null and null)`;
}
