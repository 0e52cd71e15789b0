import { ValidationError } from '@idp/errors';
import { assertQueryBounds, queryDepthMax } from './bounds.ts';
import { allOf, anyOf, keyExists, keyHasPrefix, keyIn, type QueryNode } from './tree.ts';

type Primitive = string | number | boolean;
type Members = Readonly<Record<string, unknown>>;

/**
 * Parses a predicate of the Backstage filter-predicates language as the catalog understands it: `$all`, `$any`,
 * `$not` (each the only key of its object) or a record of dotted keys with a primitive, `$exists`, `$in`,
 * `$hasPrefix` or `$contains`. Throws `ValidationError` for anything else, for more than `queryDepthMax` levels and
 * for too many conditions.
 */
export function parsePredicate(value: unknown): QueryNode {
  const tree = parseNode(value, 1);
  assertQueryBounds(tree);
  return tree;
}

function parseNode(value: unknown, depth: number): QueryNode {
  if (depth > queryDepthMax) throw invalid(`the query is nested deeper than ${queryDepthMax} levels`);
  if (!isMembers(value)) {
    throw invalid(`primitive values and lists are not supported here, write { "<key>": ${shown(value)} }`);
  }
  const keys = Object.keys(value);
  const operator = keys.find((key) => key.startsWith('$'));
  if (operator === undefined) return allOf(keys.map((key) => parseCondition(key, value[key])));
  if (keys.length > 1) throw invalid(`${operator} must be the only key of its object`);
  const operand = value[operator];
  switch (operator) {
    case '$all':
      return allOf(parseList(operator, operand, depth));
    case '$any':
      return anyOf(parseList(operator, operand, depth));
    case '$not':
      return { op: 'not', node: parseNode(operand, depth + 1) };
    default:
      throw invalid(`unknown operator ${operator}`);
  }
}

function parseList(operator: string, operand: unknown, depth: number): QueryNode[] {
  if (!Array.isArray(operand)) throw invalid(`${operator} takes a list`);
  return operand.map((item) => parseNode(item, depth + 1));
}

function parseCondition(key: string, value: unknown): QueryNode {
  if (key.toLowerCase() === 'relations') return parseRelation(value);
  if (isPrimitive(value)) return keyIn(key, [String(value)]);
  const [operator, operand] = singleOperator(key, value);
  switch (operator) {
    case '$exists':
      if (typeof operand !== 'boolean') throw invalid(`$exists of "${key}" takes true or false`);
      return operand ? keyExists(key) : { op: 'not', node: keyExists(key) };
    case '$in':
      return keyIn(key, primitives(`$in of "${key}"`, operand));
    case '$hasPrefix':
      if (typeof operand !== 'string') throw invalid(`$hasPrefix of "${key}" takes a string`);
      return keyHasPrefix(key, operand);
    case '$contains':
      if (!isPrimitive(operand)) throw invalid(`$contains of "${key}" takes a primitive value`);
      return keyIn(key, [String(operand)]);
    default:
      throw invalid(`unknown operator ${operator} of "${key}"`);
  }
}

function parseRelation(value: unknown): QueryNode {
  const [operator, operand] = singleOperator('relations', value);
  if (operator !== '$contains' || !isMembers(operand)) {
    throw invalid('relations takes only { "$contains": { "type": …, "targetRef": … } }');
  }
  const { type, targetRef, ...unknown } = operand;
  if (typeof type !== 'string' || Object.keys(unknown).length > 0) {
    throw invalid('$contains of relations takes a type and optionally a targetRef');
  }
  const key = `relations.${type}`;
  if (targetRef === undefined) return keyExists(key);
  if (typeof targetRef === 'string') return keyIn(key, [targetRef]);
  const [choice, refs] = singleOperator('targetRef', targetRef);
  if (choice !== '$in') throw invalid('targetRef takes a string or { "$in": […] }');
  return keyIn(key, primitives('$in of targetRef', refs));
}

function singleOperator(key: string, value: unknown): [string, unknown] {
  const entries = isMembers(value) ? Object.entries(value) : [];
  const [entry] = entries;
  if (entries.length !== 1 || entry === undefined) {
    throw invalid(`the value of "${key}" must be a primitive or an object with one operator, not ${shown(value)}`);
  }
  return entry;
}

function primitives(where: string, value: unknown): string[] {
  if (!Array.isArray(value) || !value.every(isPrimitive)) throw invalid(`${where} takes a list of primitive values`);
  return value.map(String);
}

function isPrimitive(value: unknown): value is Primitive {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 100);
}

function invalid(reason: string): ValidationError {
  return new ValidationError(`Invalid query: ${reason}`);
}
