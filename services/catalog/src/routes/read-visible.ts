import type { Access } from '@idp/auth';
import type { Database, ReadOptions } from '@idp/database';
import type { FastifyRequest } from 'fastify';
import { principalOf } from '@idp/service';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { visibleEntities, type VisibleEntities } from './visible-entities.ts';

/** What reading routes need. */
export interface ReadContext {
  // oxlint-disable-next-line typescript/no-explicit-any -- the queries are written in SQL
  readonly database: Database<any>;
  readonly access: Access;
}

/** Runs a read in the caller's tenant, on one snapshot, with what the caller may see. */
export async function readVisible<T>(
  context: ReadContext,
  request: FastifyRequest,
  fn: (tx: CatalogTx, visible: VisibleEntities) => Promise<T>,
  options: ReadOptions = { isolation: 'repeatable read' },
): Promise<T> {
  const principal = principalOf(request);
  const visible = await visibleEntities(context.access, principal);
  return context.database
    .tenant(principal.tenantId)
    .read((tx) => fn(tx, visible), { ...options, signal: request.operation.signal });
}
