import { ValidationError } from '@idp/errors';
import type { QueryNode } from './tree.ts';

/** Most conditions a query may hold; a list of values counts as one. */
export const queryLeavesMax = 500;

/** Deepest nesting of a predicate. */
export const queryDepthMax = 16;

/** Throws `ValidationError` for a query with more than `queryLeavesMax` conditions. */
export function assertQueryBounds(node: QueryNode): void {
  const leaves = countLeaves(node);
  if (leaves > queryLeavesMax) {
    throw new ValidationError(`The query has ${leaves} conditions, at most ${queryLeavesMax} are allowed`);
  }
}

function countLeaves(node: QueryNode): number {
  switch (node.op) {
    case 'all':
    case 'any':
      return node.nodes.reduce((sum, child) => sum + countLeaves(child), 0);
    case 'not':
      return countLeaves(node.node);
    default:
      return 1;
  }
}
