import type { ConditionValue } from '../values.ts';
import type { AttributeTerm, Operator, Term, VariableTerm } from './term.ts';

/** How names and values are written. */
export interface Notation {
  attribute(term: AttributeTerm): string;
  variable(term: VariableTerm | string): string;
  literal(value: ConditionValue, type: Term['type']): string;
}

const binding: Readonly<Partial<Record<Operator, number>>> = {
  '?:': 0,
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  in: 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  '!': 6,
  negate: 6,
};
const tightest = 7;

function strengthOf(term: Term): number {
  return term.kind === 'call' ? (binding[term.operator] ?? tightest) : tightest;
}

/** CEL text of a term, with the parentheses it needs. */
export function printTerm(term: Term, notation: Notation): string {
  const print = (part: Term, strength = 0): string => {
    const text = printTerm(part, notation);
    return strengthOf(part) < strength ? `(${text})` : text;
  };
  switch (term.kind) {
    case 'literal':
      return notation.literal(term.value, term.type);
    case 'attribute':
    case 'has':
      return notation.attribute(term);
    case 'variable':
      return notation.variable(term);
    case 'list':
      return `[${term.parts.map((part) => print(part)).join(', ')}]`;
    case 'comprehension': {
      const variable = notation.variable(term.variable);
      return `${print(term.range, tightest)}.${term.macro}(${[variable, ...term.parts.map((part) => print(part))].join(', ')})`;
    }
    case 'call':
      return printCall(term.operator, term.parts, print);
  }
}

function printCall(
  operator: Operator,
  parts: readonly Term[],
  print: (part: Term, strength?: number) => string,
): string {
  const [first, second, third] = parts as [Term, Term, Term];
  const strength = binding[operator] ?? tightest;
  switch (operator) {
    case '!':
      return `!${print(first, tightest)}`;
    case 'negate':
      return `-(${print(first)})`;
    case '?:':
      return `${print(first, 1)} ? ${print(second, 1)} : ${print(third, 1)}`;
    case 'index':
      return `${print(first, tightest)}[${print(second)}]`;
    case 'size':
      return `size(${print(first)})`;
    case 'startsWith':
    case 'endsWith':
    case 'contains':
      return `${print(first, tightest)}.${operator}(${print(second)})`;
    default:
      return parts.map((part, index) => print(part, index === 0 ? strength : strength + 1)).join(` ${operator} `);
  }
}

/** As a person would write it. */
export const readable: Notation = {
  attribute: (term) => (term.kind === 'has' ? `has(${term.path})` : term.path),
  variable: (term) => (typeof term === 'string' ? term : term.name),
  literal: (value, type) => {
    if (type === 'timestamp') return `timestamp("${new Date(Number(value)).toISOString()}")`;
    if (type === 'duration') return `duration("${value}ms")`;
    return typeof value === 'string' ? JSON.stringify(value) : String(value);
  },
};
