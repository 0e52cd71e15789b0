import type { FastifyRequest } from 'fastify';
import type { Projection } from '../domain/query/fields.ts';
import { parseFilters } from '../domain/query/filter-grammar.ts';
import { parseOrderFields, type SortField } from '../domain/query/order.ts';
import { foldText } from '../domain/query/text.ts';
import { allOf, keyIn, textIn, type QueryNode } from '../domain/query/tree.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { entityJson } from '../store/query/entity-rows.ts';
import type { FacetCount } from '../store/query/facets.ts';
import { queryEntities } from '../store/query/query-entities.ts';
import { positionCodec } from './page-cursor.ts';
import { canonicalRef } from './service-list.ts';

/** What a list of entities is asked for. */
export interface EntityListQuery {
  readonly filter?: readonly string[] | undefined;
  readonly q?: string | undefined;
  readonly kind?: string | undefined;
  readonly ownerRef?: string | undefined;
  readonly orderBy?: readonly string[] | undefined;
  readonly facets?: readonly string[] | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface EntityListPage {
  readonly items: ServedEntity[];
  readonly total: number;
  readonly nextCursor: string | undefined;
  readonly facets: Record<string, FacetCount[]> | undefined;
}

interface ServedEntity {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  [member: string]: unknown;
}

/** One page of the entities `visible` leaves, with total and facets of the same snapshot. */
export async function readEntityPage(
  tx: CatalogTx,
  request: FastifyRequest,
  query: EntityListQuery,
  visible: QueryNode,
  projection: Projection | undefined,
): Promise<EntityListPage> {
  const { filter = [], q, kind, ownerRef, cursor, limit } = query;
  const order: SortField[] = parseOrderFields(query.orderBy ?? ['metadata.name']);
  const facets = [...new Set(query.facets)];
  const codec = positionCodec(tx, request, { route: 'GET entities', filter: { filter, q, kind, ownerRef, order } });
  const { page, facets: counts } = await queryEntities(tx, {
    tree: allOf([visible, parseFilters(filter), ...conditions(query)]),
    facets: facets.map(foldText),
    page: {
      order,
      missing: 'last',
      ties: 'ref',
      limit,
      ...(cursor === undefined ? {} : { position: codec.decode(cursor) }),
      withTotal: true,
      withRelations: projection?.withRelations ?? true,
    },
  });
  const last = page.rows.at(-1)?.position;
  const items = page.rows.map((row) => JSON.parse(entityJson(row)) as ServedEntity);
  return {
    items: projection === undefined ? items : items.map((item) => projection.project(item) as ServedEntity),
    total: page.total ?? 0,
    nextCursor: page.more && last !== undefined ? codec.encode(last) : undefined,
    facets:
      facets.length === 0 ? undefined : Object.fromEntries(facets.map((key, at) => [key, [...(counts[at] ?? [])]])),
  };
}

function conditions({ q, kind, ownerRef }: EntityListQuery): QueryNode[] {
  const nodes: QueryNode[] = [];
  const term = q?.trim() ?? '';
  if (term !== '') nodes.push(textIn(['metadata.name', 'metadata.title', 'metadata.description'], term));
  if (kind !== undefined) nodes.push(keyIn('kind', [kind]));
  if (ownerRef !== undefined) nodes.push(keyIn('relations.ownedBy', [canonicalRef('ownerRef', ownerRef, 'Group')]));
  return nodes;
}
