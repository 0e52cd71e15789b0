import type { Node, Parsed } from './parse.ts';
import type { Macro, Operator } from './term.ts';

type SourceInfo = NonNullable<Parsed['sourceInfo']>;

const operators: Readonly<Record<string, Operator>> = {
  '_&&_': '&&',
  '_||_': '||',
  '!_': '!',
  '_?_:_': '?:',
  '_==_': '==',
  '_!=_': '!=',
  '_<_': '<',
  '_<=_': '<=',
  '_>_': '>',
  '_>=_': '>=',
  '@in': 'in',
  '_+_': '+',
  '_-_': '-',
  '_*_': '*',
  '_/_': '/',
  '_%_': '%',
  '-_': 'negate',
  '_[_]': 'index',
  startsWith: 'startsWith',
  endsWith: 'endsWith',
  contains: 'contains',
  size: 'size',
};

const methods = new Set(['startsWith', 'endsWith', 'contains', 'size']);
const partCounts: Readonly<Partial<Record<Operator, number>>> = { '!': 1, negate: 1, size: 1, '?:': 3 };

/** A call as written: `f(args)` or `target.f(args)`. */
export interface Call {
  readonly name: string;
  readonly target: Node | undefined;
  readonly args: readonly Node[];
}

/** The call a node stands for; for a comprehension and `has` the macro as written, not what it expands to. */
export function callOf(node: Node, source: SourceInfo): Call | undefined {
  const written = source.macroCalls[node.id.toString()] ?? node;
  if (written.exprKind.case !== 'callExpr') return undefined;
  const { function: name, target, args } = written.exprKind.value;
  return { name, target, args };
}

/** The operator of a call; undefined where CEL, or this part of it, has no such function. */
export function operatorOf({ name, target, args }: Call): Operator | undefined {
  if (!Object.hasOwn(operators, name)) return undefined;
  const operator = operators[name] as Operator;
  if (methods.has(name) ? target === undefined && name !== 'size' : target !== undefined) return undefined;
  const count = args.length + (target === undefined ? 0 : 1);
  return count === (partCounts[operator] ?? 2) ? operator : undefined;
}

/** The macro of a call, with its variable; undefined for an ordinary call. */
export function macroOf({ name, target, args }: Call): { macro: Macro; variable: string } | undefined {
  const first = args[0];
  if (target === undefined || first?.exprKind.case !== 'identExpr') return undefined;
  const variable = first.exprKind.value.name;
  switch (name) {
    case 'all':
    case 'exists':
    case 'exists_one':
    case 'filter':
      return args.length === 2 ? { macro: name, variable } : undefined;
    case 'existsOne':
      return args.length === 2 ? { macro: 'exists_one', variable } : undefined;
    case 'map':
      return args.length === 2 || args.length === 3 ? { macro: 'map', variable } : undefined;
    default:
      return undefined;
  }
}

/** `a.b.c` of a chain of selections; undefined if anything else is in it. */
export function dottedPath(node: Node): string | undefined {
  const { exprKind } = node;
  if (exprKind.case === 'identExpr') return exprKind.value.name;
  if (exprKind.case !== 'selectExpr' || exprKind.value.operand === undefined) return undefined;
  const parent = dottedPath(exprKind.value.operand);
  return parent === undefined ? undefined : `${parent}.${exprKind.value.field}`;
}

/** The first name of a chain of selections. */
export function rootOf(node: Node): Node {
  const { exprKind } = node;
  return exprKind.case === 'selectExpr' && exprKind.value.operand !== undefined ? rootOf(exprKind.value.operand) : node;
}
