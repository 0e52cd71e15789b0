import { foldText } from './text.ts';

/**
 * The one syntax tree of entity queries. GET filters, POST predicates and permission conditions all become it, so
 * that counting, faceting, sorting and paging see the same set. Keys, values and texts are folded (`foldText`).
 * `relations.<type>` is a key like any other; its values are the target refs.
 */
export type QueryNode =
  | { readonly op: 'all'; readonly nodes: readonly QueryNode[] }
  | { readonly op: 'any'; readonly nodes: readonly QueryNode[] }
  | { readonly op: 'not'; readonly node: QueryNode }
  /** The entity has the key, whatever its value. */
  | { readonly op: 'exists'; readonly key: string }
  /** One of the key's values is one of these. */
  | { readonly op: 'in'; readonly key: string; readonly values: readonly string[] }
  /** One of the key's values starts with the prefix. */
  | { readonly op: 'prefix'; readonly key: string; readonly prefix: string }
  /** A value of one of the keys contains the text. */
  | { readonly op: 'text'; readonly keys: readonly string[]; readonly text: string }
  | RowsNode;

/** A condition on the entity's row, from the rights of the caller: only the store that made it can read it. */
export interface RowsNode {
  readonly op: 'rows';
  readonly where: object;
}

/** Matches every entity. */
export const everything: QueryNode = { op: 'all', nodes: [] };

/** Matches no entity. */
export const nothing: QueryNode = { op: 'any', nodes: [] };

export function allOf(nodes: readonly QueryNode[]): QueryNode {
  const flat = nodes.flatMap((node) => (node.op === 'all' ? node.nodes : [node]));
  return flat.length === 1 && flat[0] !== undefined ? flat[0] : { op: 'all', nodes: flat };
}

export function anyOf(nodes: readonly QueryNode[]): QueryNode {
  return nodes.length === 1 && nodes[0] !== undefined ? nodes[0] : { op: 'any', nodes };
}

export function keyExists(key: string): QueryNode {
  return { op: 'exists', key: foldText(key) };
}

export function keyIn(key: string, values: readonly string[]): QueryNode {
  return { op: 'in', key: foldText(key), values: [...new Set(values.map(foldText))] };
}

export function keyHasPrefix(key: string, prefix: string): QueryNode {
  return { op: 'prefix', key: foldText(key), prefix: foldText(prefix) };
}

export function textIn(keys: readonly string[], text: string): QueryNode {
  return { op: 'text', keys: [...new Set(keys.map(foldText))], text: foldText(text) };
}
