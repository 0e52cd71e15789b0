/** Expressions as the tests build them, apart from the library's own terms. */
export type Expression =
  | { is: 'text'; value: string }
  | { is: 'int'; value: bigint }
  | { is: 'bool'; value: boolean }
  | { is: 'moment'; ms: number }
  | { is: 'span'; ms: number }
  | { is: 'attribute' | 'has'; path: string }
  | { is: 'variable' }
  | { is: 'list'; items: Expression[] }
  | { is: 'call'; name: string; parts: Expression[] }
  | { is: 'macro'; name: string; range: Expression; parts: Expression[] };

const methods = ['startsWith', 'endsWith', 'contains'];

/** CEL text, with more parentheses than a person would write. */
export function write(expression: Expression): string {
  switch (expression.is) {
    case 'text':
      return JSON.stringify(expression.value);
    case 'int':
    case 'bool':
      return String(expression.value);
    case 'moment':
      return `timestamp("${new Date(expression.ms).toISOString()}")`;
    case 'span':
      return `duration("${expression.ms}ms")`;
    case 'attribute':
      return expression.path;
    case 'has':
      return `has(${expression.path})`;
    case 'variable':
      return 'item';
    case 'list':
      return `[${expression.items.map(write).join(', ')}]`;
    case 'macro':
      return `${write(expression.range)}.${expression.name}(${['item', ...expression.parts.map(write)].join(', ')})`;
    case 'call':
      return writeCall(expression.name, expression.parts.map(write));
  }
}

function writeCall(name: string, [first, second, third]: string[]): string {
  if (name === '!' || name === '-x') return `${name[0]}(${first})`;
  if (name === '?:') return `(${first} ? ${second} : ${third})`;
  if (name === '[]') return `${first}[${second}]`;
  if (name === 'size') return `size(${first})`;
  return methods.includes(name) ? `(${first}).${name}(${second})` : `(${first} ${name} ${second})`;
}
