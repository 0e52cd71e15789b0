import { bindQuery } from '../../domain/query/postings.ts';
import { everything, type QueryNode } from '../../domain/query/tree.ts';
import { readFacets, type FacetCount } from './facets.ts';
import { resolveLiterals } from './literals.ts';
import { readPage, type Page, type PageRequest } from './page.ts';
import type { QueryTx } from './query-tx.ts';

/** What is wanted of the matching entities; page and facets describe the same set. */
export interface EntityQuery {
  /** Default: every entity. */
  readonly tree?: QueryNode;
  readonly page?: PageRequest;
  /** Folded keys. */
  readonly facets?: readonly string[];
}

export interface EntityAnswer {
  readonly page: Page | undefined;
  /** One list of buckets for each asked key, in the same order. */
  readonly facets: readonly (readonly FacetCount[])[];
}

/**
 * Answers every query over entities: filters, predicates and permission conditions come as one tree. Needs a
 * transaction of one snapshot (`repeatable read`): the ids of the literals are read first, then everything else.
 */
export async function queryEntities(
  tx: QueryTx,
  { tree = everything, page, facets = [] }: EntityQuery,
): Promise<EntityAnswer> {
  const literals = await resolveLiterals(tx, tree, [...(page?.order ?? []).map(({ field }) => field), ...facets]);
  const node = bindQuery(tree, literals);
  const [foundPage, foundFacets] = await Promise.all([
    page === undefined ? undefined : readPage(tx, node, literals, page),
    facets.length === 0 ? [] : readFacets(tx, node, literals, facets),
  ]);
  return { page: foundPage, facets: foundFacets };
}
