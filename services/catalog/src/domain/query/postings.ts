import { prefixUpperBound } from './text.ts';
import type { QueryNode, RowsNode } from './tree.ts';

/**
 * A query over numbers instead of text: keys, values and refs are replaced by what the tenant knows them as. The
 * SQL path joins these; any other index over postings answers the same tree.
 */
export type PostingNode =
  | { readonly op: 'always' }
  | { readonly op: 'never' }
  | { readonly op: 'all'; readonly nodes: readonly PostingNode[] }
  | { readonly op: 'any'; readonly nodes: readonly PostingNode[] }
  | { readonly op: 'not'; readonly node: PostingNode }
  | { readonly op: 'values'; readonly of: PostingSource; readonly match: ValueMatch }
  | RowsNode;

/** Where the values of a key lie: the postings of one key, or the relations of one type seen from one end. */
export type PostingSource =
  | { readonly kind: 'terms'; readonly keyId: number }
  | { readonly kind: 'relations'; readonly pairId: number; readonly reverse: boolean };

/** Which values of a source match; ids are value ids of terms or entity numbers of relations. */
export type ValueMatch =
  | { readonly by: 'any' }
  | { readonly by: 'ids'; readonly ids: readonly number[] }
  | { readonly by: 'prefix'; readonly from: string; readonly to: string | undefined }
  | { readonly by: 'text'; readonly text: string };

/** The literals of a query as one tenant knows them; what is unknown is absent. */
export interface Literals {
  /** Source of a key. */
  sourceOf(key: string): PostingSource | undefined;
  /** Value ids, or entity numbers, of a folded value. */
  idsOf(source: PostingSource, value: string): readonly number[];
}

/** Replaces literals by ids and folds away what is thereby known to match everything or nothing. */
export function bindQuery(node: QueryNode, literals: Literals): PostingNode {
  switch (node.op) {
    case 'all':
      return allOf(node.nodes.toSorted(byBreadth).map((child) => bindQuery(child, literals)));
    case 'any':
      return anyOf(node.nodes.map((child) => bindQuery(child, literals)));
    case 'not':
      return notOf(bindQuery(node.node, literals));
    case 'text':
      return anyOf(node.keys.map((key) => bindValues(key, { by: 'text', text: node.text }, literals)));
    case 'exists':
      return bindValues(node.key, { by: 'any' }, literals);
    case 'prefix':
      return bindValues(node.key, { by: 'prefix', from: node.prefix, to: prefixUpperBound(node.prefix) }, literals);
    case 'in':
      return bindList(node.key, node.values, literals);
    case 'rows':
      return node;
  }
}

/** Keys that divide the entities into a few large parts. */
const broadKeys = new Set(['kind', 'metadata.namespace', 'spec.type', 'spec.lifecycle']);

/** A conjunction starts with the condition that presumably leaves the fewest: single values of keys with many values. */
function byBreadth(a: QueryNode, b: QueryNode): number {
  return breadth(a) - breadth(b);
}

function breadth(node: QueryNode): number {
  if (node.op === 'in') return broadKeys.has(node.key) ? 1 : 0;
  if (node.op === 'any') return 2;
  return node.op === 'prefix' ? 3 : 4;
}

function bindValues(key: string, match: ValueMatch, literals: Literals): PostingNode {
  const of = literals.sourceOf(key);
  return of === undefined ? { op: 'never' } : { op: 'values', of, match };
}

function bindList(key: string, values: readonly string[], literals: Literals): PostingNode {
  const of = literals.sourceOf(key);
  if (of === undefined) return { op: 'never' };
  const ids = values.flatMap((value) => literals.idsOf(of, value));
  return ids.length === 0 ? { op: 'never' } : { op: 'values', of, match: { by: 'ids', ids } };
}

function allOf(nodes: readonly PostingNode[]): PostingNode {
  if (nodes.some((node) => node.op === 'never')) return { op: 'never' };
  const rest = nodes
    .filter((node) => node.op !== 'always')
    .flatMap((node) => (node.op === 'all' ? node.nodes : [node]));
  const [first] = rest;
  if (first === undefined) return { op: 'always' };
  return rest.length === 1 ? first : { op: 'all', nodes: rest };
}

function anyOf(nodes: readonly PostingNode[]): PostingNode {
  if (nodes.some((node) => node.op === 'always')) return { op: 'always' };
  const rest = nodes.filter((node) => node.op !== 'never').flatMap((node) => (node.op === 'any' ? node.nodes : [node]));
  const [first] = rest;
  if (first === undefined) return { op: 'never' };
  return rest.length === 1 ? first : { op: 'any', nodes: rest };
}

function notOf(node: PostingNode): PostingNode {
  if (node.op === 'always') return { op: 'never' };
  if (node.op === 'never') return { op: 'always' };
  return node.op === 'not' ? node.node : { op: 'not', node };
}
