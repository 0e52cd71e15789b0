import { bindQuery, type Literals, type PostingNode } from '../../domain/query/postings.ts';
import { everything, type QueryNode } from '../../domain/query/tree.ts';
import { readFacets, type FacetCount } from './facets.ts';
import { resolveLiterals } from './literals.ts';
import { readPage, readPageNumbers, type NumberPage, type Page, type PageColumns } from './page.ts';
import type { PageRequest } from './page-sql.ts';
import type { CatalogTx } from '../catalog-tx.ts';

/** What is wanted of the matching entities; page and facets describe the same set. */
export interface EntityQuery {
  /** Default: every entity. */
  readonly tree?: QueryNode;
  readonly page?: PageRequest & PageColumns;
  /** Folded keys. */
  readonly facets?: readonly string[];
}

export interface EntityAnswer {
  /** Empty when no page was asked for. */
  readonly page: Page;
  /** One list of buckets for each asked key, in the same order. */
  readonly facets: readonly (readonly FacetCount[])[];
}

const noPage: Page = { rows: [], more: false, total: undefined };

/**
 * Answers every query over entities: filters, predicates and permission conditions come as one tree. Needs a
 * transaction of one snapshot (`repeatable read`): the ids of the literals are read first, then everything else.
 */
export async function queryEntities(tx: CatalogTx, query: EntityQuery): Promise<EntityAnswer> {
  const { page, facets = [] } = query;
  const { node, literals } = await bind(tx, query.tree, [...sortKeys(page), ...facets]);
  const [foundPage, foundFacets] = await Promise.all([
    page === undefined ? noPage : readPage(tx, node, literals, page),
    facets.length === 0 ? [] : readFacets(tx, node, literals, facets),
  ]);
  return { page: foundPage, facets: foundFacets };
}

/** The numbers of a page of matching entities, without their bodies. Needs one snapshot as `queryEntities` does. */
export async function queryEntityNumbers(
  tx: CatalogTx,
  query: { tree?: QueryNode; page: PageRequest },
): Promise<NumberPage> {
  const { node, literals } = await bind(tx, query.tree, sortKeys(query.page));
  return readPageNumbers(tx, node, literals, query.page);
}

async function bind(
  tx: CatalogTx,
  tree: QueryNode = everything,
  moreKeys: readonly string[],
): Promise<{ node: PostingNode; literals: Literals }> {
  const literals = await resolveLiterals(tx, tree, moreKeys);
  return { node: bindQuery(tree, literals), literals };
}

function sortKeys(page: PageRequest | undefined): string[] {
  return (page?.order ?? []).map(({ field }) => field);
}
