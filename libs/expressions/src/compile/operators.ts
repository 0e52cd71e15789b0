import type { Operator, TermType } from './term.ts';

const ordered: readonly TermType[] = ['bool', 'int', 'string', 'timestamp', 'duration'];

/** The type of list elements; undefined if the type is no list. */
export function elementType(type: TermType): TermType | 'nothing' | undefined {
  const match = /^list<(\w+)>$/.exec(type);
  return match?.[1] as TermType | 'nothing' | undefined;
}

/** Whether values of both types may be compared for equality: types must be the same, nothing is coerced. */
function comparable(left: TermType, right: TermType): boolean {
  if (left === right) return true;
  return elementType(left) !== undefined && elementType(right) !== undefined && isEmptyList(left, right);
}

function isEmptyList(left: TermType, right: TermType): boolean {
  return left === 'list<nothing>' || right === 'list<nothing>';
}

const arithmetic: Readonly<Record<string, TermType>> = {
  'int + int': 'int',
  'int - int': 'int',
  'int * int': 'int',
  'int / int': 'int',
  'int % int': 'int',
  'string + string': 'string',
  'timestamp + duration': 'timestamp',
  'duration + timestamp': 'timestamp',
  'duration + duration': 'duration',
  'timestamp - timestamp': 'duration',
  'timestamp - duration': 'timestamp',
  'duration - duration': 'duration',
};

/** The type of an operator applied to parts of these types; undefined if CEL has no such overload here. */
export function resultType(operator: Operator, types: readonly TermType[]): TermType | undefined {
  const [first, second, third] = types as [TermType, TermType, TermType];
  switch (operator) {
    case '&&':
    case '||':
    case '!':
      return types.every((type) => type === 'bool') ? 'bool' : undefined;
    case '?:':
      return first === 'bool' && second === third ? second : undefined;
    case '==':
    case '!=':
      return comparable(first, second) ? 'bool' : undefined;
    case '<':
    case '<=':
    case '>':
    case '>=':
      return first === second && ordered.includes(first) ? 'bool' : undefined;
    case 'in':
      return second === 'list<nothing>' || elementType(second) === first ? 'bool' : undefined;
    case 'negate':
      return first === 'int' ? 'int' : undefined;
    case 'index':
      return second === 'int' && first !== 'list<nothing>' ? (elementType(first) as TermType | undefined) : undefined;
    case 'size':
      return first === 'string' || elementType(first) !== undefined ? 'int' : undefined;
    case 'startsWith':
    case 'endsWith':
    case 'contains':
      return first === 'string' && second === 'string' ? 'bool' : undefined;
    default:
      return arithmetic[`${first} ${operator} ${second}`];
  }
}
