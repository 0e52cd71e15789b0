import { ValidationError } from '@idp/errors';
import { assertQueryBounds } from './bounds.ts';
import { allOf, anyOf, everything, keyExists, keyIn, type QueryNode } from './tree.ts';

/**
 * Parses the `filter` parameters of the Backstage catalog API: each text is a set of comma-separated conditions
 * (AND), several texts are alternatives (OR); `key` asserts existence, `key=value` equality, one key twice in a set
 * means either value. Commas cannot be escaped. Throws `ValidationError` for a condition without a key and for too
 * many conditions.
 */
export function parseFilters(filters: readonly string[]): QueryNode {
  const sets = filters.map(parseFilterSet).filter((set) => set !== undefined);
  if (sets.length === 0) return everything;
  const tree = anyOf(sets);
  assertQueryBounds(tree);
  return tree;
}

function parseFilterSet(filter: string): QueryNode | undefined {
  const conditions = new Map<string, string[]>();
  for (const part of filter.split(',')) {
    const statement = part.trim();
    if (statement === '') continue;
    const { key, value } = parseStatement(statement);
    const values = conditions.get(key) ?? [];
    if (value !== undefined) values.push(value);
    conditions.set(key, values);
  }
  if (conditions.size === 0) return undefined;
  return allOf([...conditions].map(([key, values]) => (values.length === 0 ? keyExists(key) : keyIn(key, values))));
}

function parseStatement(statement: string): { key: string; value: string | undefined } {
  const equals = statement.indexOf('=');
  if (equals === -1) return { key: statement, value: undefined };
  const key = statement.slice(0, equals).trim();
  if (key === '') {
    throw new ValidationError(
      `Invalid filter, '${statement}' is not a valid statement (expected a string on the form a=b or a= or a)`,
    );
  }
  return { key, value: statement.slice(equals + 1).trim() };
}
