import { sql, type Expression, type SqlBool } from 'kysely';
import { speaksOfResource, type AttributeTerm, type CallTerm, type Term } from '../compile/term.ts';
import type { Program } from '../run/program.ts';
import { isFault, type ConditionValue, type KnownValues } from '../values.ts';
import { compare, isIn, startsWith, type Comparison } from './compare.ts';
import { columnName } from './filterable.ts';
import {
  attributeValue,
  columnOperand,
  type ColumnOperand,
  type Columns,
  type Operand,
  type Test,
} from './operands.ts';

/** What a translation works with. `programOf` gives the program of a part that does not speak of the resource. */
export interface Translation {
  readonly known: KnownValues;
  readonly columns: Columns;
  programOf(term: Term): Program;
}

const unanswered = sql<SqlBool>`null::boolean`;

/** The test as SQL; a boolean where no row can change it. */
export function translate(term: Term, translation: Translation): boolean | Expression<SqlBool> {
  return test(term, translation) ?? unanswered;
}

function test(term: Term, translation: Translation): Test {
  if (!speaksOfResource(term)) return (value(term, translation) as boolean | undefined) ?? null;
  if (term.kind === 'attribute') return sql<SqlBool>`${attributeValue(column(term, translation))}`;
  if (term.kind === 'has') return sql<SqlBool>`${column(term, translation).column} is not null`;
  const { operator, parts } = term as CallTerm;
  switch (operator) {
    case '!':
      return negate(test(parts[0] as Term, translation));
    case '&&':
    case '||':
      return connect(operator, parts, translation);
    default:
      return call(term as CallTerm, translation);
  }
}

/** The value of a part that is known; undefined if it faults. */
function value(term: Term, { known, programOf }: Translation): ConditionValue | undefined {
  const outcome = programOf(term)({ ...known, resource: {} });
  return isFault(outcome) ? undefined : outcome;
}

function column(term: AttributeTerm, { columns }: Translation): ColumnOperand {
  const name = columnName(term);
  const reference = Object.hasOwn(columns, name) ? columns[name] : undefined;
  if (reference === undefined) throw new TypeError(`no column for the attribute ${name}`);
  return columnOperand(reference, term.type);
}

function negate(inner: Test): Test {
  if (inner === null) return null;
  return typeof inner === 'boolean' ? !inner : sql<SqlBool>`not (${inner})`;
}

/** Three values on both sides: false decides `&&`, true decides `||`, and an error else stays one. */
function connect(operator: '&&' | '||', parts: readonly Term[], translation: Translation): Test {
  const deciding = operator === '||';
  const open: Expression<SqlBool>[] = [];
  let isUnanswered = false;
  for (const part of parts) {
    const outcome = test(part, translation);
    if (outcome === deciding) return deciding;
    if (outcome === null) isUnanswered = true;
    else if (typeof outcome !== 'boolean') open.push(outcome);
  }
  if (open.length === 0) return isUnanswered ? null : !deciding;
  if (isUnanswered) open.push(unanswered);
  return sql<SqlBool>`(${sql.join(open, deciding ? sql` or ` : sql` and `)})`;
}

function call({ operator, parts }: CallTerm, translation: Translation): Test {
  const left = operand(parts[0] as Term, translation);
  const right = operand(parts[1] as Term, translation);
  if (left === undefined || right === undefined) return null;
  if (operator === 'in') return isIn(left, right);
  if (operator !== 'startsWith') return compare(operator as Comparison, left, right);
  const { value: prefix } = right as Extract<Operand, { kind: 'value' }>;
  return startsWith(left as ColumnOperand, prefix as string);
}

function operand(term: Term, translation: Translation): Operand | undefined {
  if (speaksOfResource(term)) return column(term as AttributeTerm, translation);
  const known = value(term, translation);
  return known === undefined ? undefined : { kind: 'value', value: known, type: term.type };
}
