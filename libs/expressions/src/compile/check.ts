import type { ConditionEnvironment } from '../environment.ts';
import { checkLiteral, literalCall } from './literals.ts';
import { elementType, resultType } from './operators.ts';
import { parseCondition, type Node, type Parsed } from './parse.ts';
import { positionAt, refuse, type RefusalReason } from './refusal.ts';
import { callOf, dottedPath, macroOf, operatorOf, rootOf, type Call } from './syntax.ts';
import type { Macro, Operator, Term, TermType } from './term.ts';

/** Nodes of the syntax tree as written, macros unexpanded. */
const nodesMax = 128;
const depthMax = 16;

interface Checking {
  readonly text: string;
  readonly source: NonNullable<Parsed['sourceInfo']>;
  readonly environment: ConditionEnvironment;
  nodes: number;
  comprehensions: number;
}

/** Where a node stands: how deep, and inside which comprehension. */
interface Place {
  readonly depth: number;
  readonly variable?: { readonly name: string; readonly type: TermType };
}

/** The typed term of a condition. Throws 422 `CONDITION_INVALID` for all that is outside the bounds of auth.md §2B.3. */
export function checkCondition(text: string, environment: ConditionEnvironment): Term {
  const { expr, sourceInfo } = parseCondition(text);
  if (sourceInfo === undefined) throw new Error('the parser gives positions');
  const checking: Checking = { text, source: sourceInfo, environment, nodes: 0, comprehensions: 0 };
  const term = check(checking, expr, { depth: 1 });
  if (term.type !== 'bool')
    fail(checking, expr, 'not_boolean', `A condition is true or false, this one is ${term.type}`);
  return term;
}

function fail(checking: Checking, node: Node, reason: RefusalReason, message: string): never {
  return refuse(reason, message, positionAt(checking.text, offsetOf(checking, node)));
}

function offsetOf(checking: Checking, node: Node): number {
  return checking.source.positions[node.id.toString()] ?? 0;
}

function enter(checking: Checking, node: Node, depth: number): void {
  checking.nodes += 1;
  if (checking.nodes > nodesMax) fail(checking, node, 'too_many_nodes', `A condition has at most ${nodesMax} nodes`);
  if (depth > depthMax) fail(checking, node, 'too_deep', `A condition is at most ${depthMax} deep`);
}

function check(checking: Checking, node: Node, place: Place): Term {
  enter(checking, node, place.depth);
  const call = callOf(node, checking.source);
  if (call !== undefined) return checkCall(checking, node, call, place);
  const offset = offsetOf(checking, node);
  switch (node.exprKind.case) {
    case 'constExpr': {
      const literal = checkLiteral(node.exprKind.value, offset);
      return typeof literal === 'string' ? fail(checking, node, 'unsupported', literal) : literal;
    }
    case 'identExpr':
    case 'selectExpr':
      return checkName(checking, node, place);
    case 'listExpr':
      return checkList(checking, node, node.exprKind.value.elements, place);
    default:
      return fail(checking, node, 'unsupported', 'Conditions have no maps and no messages');
  }
}

function checkName(checking: Checking, node: Node, place: Place): Term {
  const path = checkPath(checking, node, place);
  const offset = offsetOf(checking, node);
  if (path === place.variable?.name) {
    return { kind: 'variable', name: path, type: place.variable.type, offset };
  }
  return { kind: 'attribute', path, type: attributeType(checking, node, path), offset };
}

/** Counts the chain's nodes as CEL does, one for each name. */
function checkPath(checking: Checking, node: Node, place: Place): string {
  const path = dottedPath(node);
  if (path === undefined) return fail(checking, node, 'unsupported', 'Only attributes are selected by name');
  // The parser drops the leading dot, with which CEL looks past variables.
  if (checking.text[offsetOf(checking, rootOf(node))] === '.') {
    return fail(checking, node, 'unsupported', 'A name does not begin with a dot');
  }
  path
    .split('.')
    .slice(1)
    .forEach((_, index) => enter(checking, node, place.depth + index + 1));
  return path;
}

function attributeType(checking: Checking, node: Node, path: string): TermType {
  const type = checking.environment.attributes.get(path);
  return type ?? fail(checking, node, 'unknown_attribute', `There is no attribute ${path}`);
}

function checkList(checking: Checking, node: Node, elements: readonly Node[], place: Place): Term {
  const parts = checkAll(checking, elements, place);
  const offset = offsetOf(checking, node);
  const [first, ...others] = parts;
  if (first === undefined) return { kind: 'list', parts, type: 'list<nothing>', offset };
  const odd = others.findIndex((part) => part.type !== first.type);
  const oddNode = elements[odd + 1];
  if (odd >= 0 && oddNode !== undefined) {
    fail(checking, oddNode, 'type', `A list holds one type, not ${first.type} and ${others[odd]?.type}`);
  }
  return { kind: 'list', parts, type: listOf(checking, node, first.type), offset };
}

function checkAll(checking: Checking, nodes: readonly Node[], place: Place): Term[] {
  return nodes.map((node) => check(checking, node, { ...place, depth: place.depth + 1 }));
}

function listOf(checking: Checking, node: Node, type: TermType): TermType {
  if (elementType(type) !== undefined) return fail(checking, node, 'unsupported', 'Lists do not hold lists');
  return `list<${type}>` as TermType;
}

function checkCall(checking: Checking, node: Node, call: Call, place: Place): Term {
  if (call.name === 'has') return checkHas(checking, node, call, place);
  const offset = offsetOf(checking, node);
  const macro = macroOf(call);
  if (macro !== undefined) return checkComprehension(checking, node, call, macro, place);
  const literal = literalCall(call, offset);
  if (typeof literal === 'string') return fail(checking, node, 'type', literal);
  if (literal !== undefined) return literal;
  const operator = operatorOf(call);
  if (operator === undefined) return fail(checking, node, 'unknown_function', `There is no function ${call.name} here`);
  const written = call.target === undefined ? call.args : [call.target, ...call.args];
  const parts = checkAll(checking, written, place);
  const type = resultType(
    operator,
    parts.map((part) => part.type),
  );
  if (type === undefined) {
    const types = parts.map((part) => part.type).join(' and ');
    return fail(checking, node, 'type', `${operator} does not take ${types}: nothing is coerced`);
  }
  return { kind: 'call', operator, parts: flatten(operator, parts), type, offset };
}

/** `a && b && c` as one term: the parser nests them, which says nothing. */
function flatten(operator: Operator, parts: readonly Term[]): readonly Term[] {
  if (operator !== '&&' && operator !== '||') return parts;
  return parts.flatMap((part) => (part.kind === 'call' && part.operator === operator ? part.parts : [part]));
}

function checkHas(checking: Checking, node: Node, call: Call, place: Place): Term {
  const [selected] = call.args;
  if (selected?.exprKind.case !== 'selectExpr') {
    return fail(checking, node, 'type', 'has() takes an attribute: has(resource.name)');
  }
  enter(checking, selected, place.depth + 1);
  const path = checkPath(checking, selected, { ...place, depth: place.depth + 1 });
  attributeType(checking, selected, path);
  return { kind: 'has', path, type: 'bool', offset: offsetOf(checking, node) };
}

const roots = new Set(['principal', 'resource', 'context']);

function checkComprehension(
  checking: Checking,
  node: Node,
  call: Call,
  { macro, variable }: { macro: Macro; variable: string },
  place: Place,
): Term {
  if (place.variable !== undefined) fail(checking, node, 'nested_comprehension', 'Comprehensions are not nested');
  if (roots.has(variable)) fail(checking, node, 'type', `A variable cannot be called ${variable}`);
  const [target, , ...bodies] = [call.target as Node, ...call.args];
  const range = check(checking, target, { depth: place.depth + 1 });
  checking.comprehensions += 1;
  if (checking.comprehensions > 1) {
    fail(checking, node, 'second_comprehension', 'A condition has at most one comprehension');
  }
  const element = elementType(range.type);
  if (element === undefined || element === 'nothing') {
    return fail(checking, node, 'type', `${macro} goes over a list, not over ${range.type}`);
  }
  checking.nodes += 1;
  const inside: Place = { depth: place.depth, variable: { name: variable, type: element } };
  const parts = checkAll(checking, bodies, inside);
  const tests = macro === 'map' ? parts.slice(0, -1) : parts;
  if (tests.some((test) => test.type !== 'bool')) fail(checking, node, 'type', `${macro} takes a test`);
  const type = comprehensionType(checking, node, macro, range.type, parts);
  return { kind: 'comprehension', macro, range, variable, parts, type, offset: offsetOf(checking, node) };
}

function comprehensionType(
  checking: Checking,
  node: Node,
  macro: Macro,
  range: TermType,
  parts: readonly Term[],
): TermType {
  if (macro === 'filter') return range;
  const mapped = parts.at(-1);
  return macro === 'map' && mapped !== undefined ? listOf(checking, node, mapped.type) : 'bool';
}
