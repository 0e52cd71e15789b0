import { z } from 'zod';
import { ValidationError } from '@idp/errors';
import { id, text } from '@idp/service';
import type { FastifyRequest } from 'fastify';
import { formatEntityRef, parseEntityRef } from '../domain/model/entity-ref.ts';
import { ModelError } from '../domain/model/model-error.ts';
import { allOf, keyIn, nothing, textIn, type QueryNode } from '../domain/query/tree.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import type { PageRow } from '../store/query/page.ts';
import { queryEntities } from '../store/query/query-entities.ts';
import { findGroupOfTeam } from '../store/services.ts';
import { positionCodec } from './page-cursor.ts';

/** OFFSET reads everything it skips, so pages by number end here; cursors go on. */
const reachMax = 10_000;

export const serviceListQuery = z.strictObject({
  q: text({ max: 200 }).optional(),
  ownerTeamId: id().optional(),
  ownerRef: text({ max: 300 }).optional(),
  type: text({ max: 200 }).optional(),
  lifecycle: text({ max: 200 }).optional(),
  system: text({ max: 300 }).optional(),
  tag: text({ max: 63 }).optional(),
  page: z.int().min(1).optional(),
  limit: z.int().min(1).max(100).default(25),
  cursor: z.string().max(4096).optional(),
});

export type ServiceListQuery = z.output<typeof serviceListQuery>;

/** Components, and nothing else, are services. */
export const servicesTree: QueryNode = keyIn('kind', ['component']);

export interface ServiceListPage {
  readonly rows: readonly PageRow[];
  readonly total: number;
  readonly nextCursor: string | undefined;
}

/** One page of the services `visible` leaves, by name. Throws `ValidationError` for a page too far out. */
export async function readServicePage(
  tx: CatalogTx,
  request: FastifyRequest,
  query: ServiceListQuery,
  visible: QueryNode,
): Promise<ServiceListPage> {
  const { page = 1, limit, cursor } = query;
  if (cursor !== undefined && query.page !== undefined) throw new ValidationError('page and cursor exclude each other');
  if (page * limit > reachMax) throw new ValidationError(`page × limit is at most ${reachMax}; use the cursor beyond`);
  const { cursor: _cursor, page: _page, limit: _limit, ...filter } = query;
  const codec = positionCodec(tx, request, { route: 'GET /api/v1/services', filter });
  const tree = allOf([visible, servicesTree, ...(await conditions(tx, query))]);
  const { page: found } = await queryEntities(tx, {
    tree,
    page: {
      order: [{ field: 'metadata.name', order: 'asc' }],
      missing: 'drop',
      ties: 'number',
      limit,
      offset: cursor === undefined ? (page - 1) * limit : 0,
      ...(cursor === undefined ? {} : { position: codec.decode(cursor) }),
      withTotal: true,
      withRelations: true,
    },
  });
  const last = found.rows.at(-1)?.position;
  const nextCursor = found.more && last !== undefined ? codec.encode(last) : undefined;
  return { rows: found.rows, total: found.total ?? 0, nextCursor };
}

async function conditions(tx: CatalogTx, query: ServiceListQuery): Promise<QueryNode[]> {
  const { q, ownerTeamId, ownerRef, type, lifecycle, system, tag } = query;
  const nodes: QueryNode[] = [];
  if (q !== undefined && q.trim() !== '') {
    nodes.push(textIn(['metadata.name', 'metadata.title', 'metadata.description'], q.trim()));
  }
  if (ownerTeamId !== undefined) {
    const group = await findGroupOfTeam(tx, ownerTeamId);
    nodes.push(group === undefined ? nothing : keyIn('relations.ownedBy', [group]));
  }
  if (ownerRef !== undefined) nodes.push(keyIn('relations.ownedBy', [canonicalRef('ownerRef', ownerRef, 'Group')]));
  if (system !== undefined) nodes.push(keyIn('relations.partOf', [canonicalRef('system', system, 'System')]));
  if (type !== undefined) nodes.push(keyIn('spec.type', [type]));
  if (lifecycle !== undefined) nodes.push(keyIn('spec.lifecycle', [lifecycle]));
  if (tag !== undefined) nodes.push(keyIn('metadata.tags', [tag]));
  return nodes;
}

/** Parses a ref of the query; `kind` where it names none. */
export function canonicalRef(parameter: string, ref: string, kind: string): string {
  try {
    return formatEntityRef(parseEntityRef(ref, { kind }));
  } catch (cause) {
    if (!(cause instanceof ModelError)) throw cause;
    const issues = [{ path: `query.${parameter}`, message: 'is not an entity ref' }];
    throw new ValidationError('the query is not valid', { issues, cause });
  }
}
