import { sql, type Expression, type RawBuilder, type SqlBool } from 'kysely';
import type { Operator } from '../compile/term.ts';
import type { ConditionValue } from '../values.ts';
import {
  attributeValue,
  isUuidText,
  moment,
  neverEqual,
  parameter,
  type ColumnOperand,
  type Operand,
} from './operands.ts';

export type Comparison = Extract<Operator, '==' | '!=' | '<' | '<=' | '>' | '>='>;

const mirrored = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;
const signs = {
  '==': sql`=`,
  '!=': sql`<>`,
  '<': sql`<`,
  '<=': sql`<=`,
  '>': sql`>`,
  '>=': sql`>=`,
} as const satisfies Record<Comparison, RawBuilder<unknown>>;

/** A comparison of which at least one side is a column. Columns are not cast where an index could serve. */
export function compare(operator: Comparison, left: Operand, right: Operand): Expression<SqlBool> {
  if (left.kind === 'value') return compare(mirrored[operator], right, left);
  if (right.kind === 'column') return compareColumns(operator, left, right);
  if (left.type === 'timestamp') return compareMoment(operator, left, right.value as bigint);
  if (left.isUuid && (operator === '==' || operator === '!=')) return compareUuid(operator, left, right.value);
  return apply(operator, left, attributeValue(left), parameter(right.value));
}

function compareColumns(operator: Comparison, left: ColumnOperand, right: ColumnOperand): Expression<SqlBool> {
  if (left.isUuid && right.isUuid) return sql<SqlBool>`${left.column} ${signs[operator]} ${right.column}`;
  return apply(operator, left, attributeValue(left), attributeValue(right));
}

/** Text is ordered by bytes, whatever the column's collation. */
function apply(
  operator: Comparison,
  { type }: ColumnOperand,
  left: RawBuilder<unknown>,
  right: RawBuilder<unknown>,
): Expression<SqlBool> {
  const isOrderOfText = type === 'string' && operator !== '==' && operator !== '!=';
  const first = isOrderOfText ? sql`${left} collate "C"` : left;
  return sql<SqlBool>`${first} ${signs[operator]} ${right}`;
}

function compareUuid(operator: '==' | '!=', left: ColumnOperand, value: ConditionValue): Expression<SqlBool> {
  if (isUuidText(value)) return sql<SqlBool>`${left.column} ${signs[operator]} ${value}::uuid`;
  return operator === '==' ? neverEqual(left) : sql<SqlBool>`not ${neverEqual(left)}`;
}

/** The column has microseconds and its attribute milliseconds: a moment is the span up to the next millisecond. */
function compareMoment(operator: Comparison, { column }: ColumnOperand, value: bigint): Expression<SqlBool> {
  const from = moment(value);
  const until = moment(value + 1n);
  switch (operator) {
    case '==':
      return sql<SqlBool>`(${column} >= ${from} and ${column} < ${until})`;
    case '!=':
      return sql<SqlBool>`(${column} < ${from} or ${column} >= ${until})`;
    case '<':
      return sql<SqlBool>`${column} < ${from}`;
    case '<=':
      return sql<SqlBool>`${column} < ${until}`;
    case '>':
      return sql<SqlBool>`${column} >= ${until}`;
    case '>=':
      return sql<SqlBool>`${column} >= ${from}`;
  }
}

type Items = Extract<ConditionValue, readonly unknown[]>;

/** `in`, of which at least one side is a column. */
export function isIn(item: Operand, list: Operand): Expression<SqlBool> {
  if (list.kind === 'column') return isInColumn(item, list);
  const column = item as ColumnOperand;
  const items = list.value as Items;
  if (column.type === 'timestamp')
    return anyOf(
      column,
      items.map((value) => compare('==', column, { kind: 'value', value: value, type: 'timestamp' })),
    );
  const usable = column.isUuid ? items.filter(isUuidText) : items;
  // A null in an empty list is false to SQL and an error to CEL.
  if (usable.length === 0) return neverEqual(column);
  if (column.isUuid) return sql<SqlBool>`${column.column} = any(${usable}::uuid[])`;
  return sql<SqlBool>`${column.column} = any(${parameter(usable)})`;
}

function anyOf(column: ColumnOperand, tests: readonly Expression<SqlBool>[]): Expression<SqlBool> {
  return tests.length === 0 ? neverEqual(column) : sql<SqlBool>`(${sql.join(tests, sql` or `)})`;
}

/** `@>` looks past null items, as evaluation does; the item's own null is carried along. */
function isInColumn(item: Operand, list: ColumnOperand): Expression<SqlBool> {
  const arrayType = list.type === 'list<int>' ? sql`int8[]` : sql`text[]`;
  if (item.kind === 'value') return sql<SqlBool>`${list.column} @> array[${parameter(item.value)}]::${arrayType}`;
  const contains = sql`${list.column} @> array[${attributeValue(item)}]::${arrayType}`;
  return sql<SqlBool>`(${neverEqual(item)} or ${contains})`;
}

/** `startsWith` as two bounds, which an index serves; LIKE would need escaping and reads every row under row security. */
export function startsWith(column: ColumnOperand, prefix: string): Expression<SqlBool> {
  const text = sql`${attributeValue(column)} collate "C"`;
  const end = afterPrefix(prefix);
  if (end === undefined) return sql<SqlBool>`${text} >= ${prefix}::text`;
  return sql<SqlBool>`(${text} >= ${prefix}::text and ${text} < ${end}::text)`;
}

const lastCodePoint = 0x10ffff;

/** The least text greater than all that begin so; undefined if there is none. UTF-8 bytes sort as code points do. */
function afterPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) as number);
  const last = points.findLastIndex((point) => point < lastCodePoint);
  if (last < 0) return undefined;
  const point = points[last] as number;
  // No text holds surrogates.
  const next = point === 0xd7ff ? 0xe000 : point + 1;
  return String.fromCodePoint(...points.slice(0, last), next);
}
