import type { ConditionValues } from '../../src/index.ts';
import type { Expression } from './expression.ts';

/** CEL's error: a missing attribute, an overflow, a division by zero, an index beyond the end. */
class NoValue extends Error {}

type Value = boolean | bigint | string | Value[];

/** What an expression is by CEL's rules, read off the language definition; undefined for an error. */
export function naively(expression: Expression, values: ConditionValues): Value | undefined {
  try {
    return evaluate(expression, values);
  } catch (error) {
    if (error instanceof NoValue) return undefined;
    throw error;
  }
}

function evaluate(expression: Expression, values: ConditionValues, item?: Value): Value {
  const inner = (part: Expression) => evaluate(part, values, item);
  switch (expression.is) {
    case 'text':
    case 'int':
    case 'bool':
      return expression.value;
    case 'moment':
    case 'span':
      return BigInt(expression.ms);
    case 'attribute':
      return lookUp(expression.path, values) ?? raise();
    case 'has':
      return lookUp(expression.path, values) !== undefined;
    case 'variable':
      return item ?? raise();
    case 'list':
      return expression.items.map(inner);
    case 'macro':
      return comprehend(expression, values, inner(expression.range) as Value[]);
    case 'call':
      return call(expression.name, expression.parts, inner);
  }
}

function raise(): never {
  throw new NoValue();
}

function lookUp(path: string, { principal, resource, context }: ConditionValues): Value | undefined {
  const flat: Record<string, unknown> = {
    ...Object.fromEntries(Object.entries(principal).map(([key, value]) => [`principal.${key}`, value])),
    ...Object.fromEntries(Object.entries(context).map(([key, value]) => [`context.${key}`, value])),
    ...Object.fromEntries(Object.entries(resource.attributes ?? {}).map(([key, value]) => [`resource.${key}`, value])),
    ...Object.fromEntries(Object.entries(resource.scope ?? {}).map(([key, value]) => [`resource.scope.${key}`, value])),
    'resource.id': resource.id,
  };
  const value = flat[path];
  if (value === null || value === undefined) return undefined;
  if (value instanceof Date) return BigInt(value.getTime());
  if (typeof value === 'number') return BigInt(value);
  return Array.isArray(value) ? value.filter((item) => item !== null) : (value as Value);
}

/** Error counts as a third value: it stays unless the other side decides. */
function decide(name: '&&' | '||', parts: (() => Value)[]): boolean {
  const deciding = name === '||';
  const outcomes = parts.map((part) => {
    try {
      return part();
    } catch (error) {
      if (error instanceof NoValue) return undefined;
      throw error;
    }
  });
  if (outcomes.includes(deciding)) return deciding;
  return outcomes.includes(undefined) ? raise() : !deciding;
}

function int(value: bigint): bigint {
  return BigInt.asIntN(64, value) === value ? value : raise();
}

function isEqual(left: Value, right: Value): boolean {
  if (!Array.isArray(left) || !Array.isArray(right)) return left === right;
  return left.length === right.length && left.every((item, index) => isEqual(item, right[index] as Value));
}

/** Bytes decide the order of text. */
function order(left: Value, right: Value): number {
  if (typeof left === 'string') return Buffer.compare(Buffer.from(left), Buffer.from(right as string));
  return left === right ? 0 : left < right ? -1 : 1;
}

function call(name: string, parts: Expression[], inner: (part: Expression) => Value): Value {
  if (name === '&&' || name === '||')
    return decide(
      name,
      parts.map((part) => () => inner(part)),
    );
  if (name === '?:')
    return inner(parts[0] as Expression) === true ? inner(parts[1] as Expression) : inner(parts[2] as Expression);
  const [left, right] = parts.map(inner) as [Value, Value];
  const text = (value: Value) => value as string;
  switch (name) {
    case '!':
      return left !== true;
    case '-x':
      return int(-(left as bigint));
    case '==':
      return isEqual(left, right);
    case '!=':
      return !isEqual(left, right);
    case '<':
      return order(left, right) < 0;
    case '<=':
      return order(left, right) <= 0;
    case '>':
      return order(left, right) > 0;
    case '>=':
      return order(left, right) >= 0;
    case 'in':
      return (right as Value[]).some((item) => isEqual(item, left));
    case 'size':
      return BigInt(Array.isArray(left) ? left.length : Array.from(text(left)).length);
    case '[]':
      return (right as bigint) < 0n ? raise() : ((left as Value[])[Number(right)] ?? raise());
    case 'startsWith':
      return Buffer.from(text(left))
        .subarray(0, Buffer.byteLength(text(right)))
        .equals(Buffer.from(text(right)));
    case 'endsWith':
      return text(left).endsWith(text(right));
    case 'contains':
      return text(left).includes(text(right));
    default:
      return calculate(name, left, right);
  }
}

function calculate(name: string, left: Value, right: Value): Value {
  if (typeof left === 'string') return left + (right as string);
  const [a, b] = [left as bigint, right as bigint];
  if ((name === '/' || name === '%') && b === 0n) return raise();
  switch (name) {
    case '+':
      return int(a + b);
    case '-':
      return int(a - b);
    case '*':
      return int(a * b);
    case '/':
      return int(a / b);
    default:
      return int(a % b);
  }
}

function comprehend({ name, parts }: Expression & { is: 'macro' }, values: ConditionValues, range: Value[]): Value {
  const [first, second] = parts as [Expression, Expression | undefined];
  const at = (part: Expression, item: Value) => evaluate(part, values, item);
  switch (name) {
    case 'all':
      return decide(
        '&&',
        range.map((item) => () => at(first, item)),
      );
    case 'exists':
      return decide(
        '||',
        range.map((item) => () => at(first, item)),
      );
    case 'exists_one':
      return range.filter((item) => at(first, item)).length === 1;
    case 'filter':
      return range.filter((item) => at(first, item));
    default: {
      const kept = second === undefined ? range : range.filter((item) => at(first, item));
      return kept.map((item) => at(second ?? first, item));
    }
  }
}
