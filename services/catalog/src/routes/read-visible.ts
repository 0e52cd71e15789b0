import type { Access } from '@idp/auth';
import type { Database, ReadOptions } from '@idp/database';
import type { FastifyRequest } from 'fastify';
import { principalOf } from '@idp/service';
import { everything } from '../domain/query/tree.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { findEntityByRef, selectEntityByRef, type VersionedEntity } from '../store/query/find-entity.ts';
import { visibleEntities, visibleServices, type VisibleEntities } from './visible-entities.ts';

/** What reading routes need. */
export interface ReadContext {
  // oxlint-disable-next-line typescript/no-explicit-any -- the queries are written in SQL
  readonly database: Database<any>;
  readonly access: Access;
}

type Read<T> = (tx: CatalogTx, visible: VisibleEntities) => Promise<T>;

/** Runs a read in the caller's tenant, on one snapshot, with what the caller may see. */
export async function readVisible<T>(context: ReadContext, request: FastifyRequest, fn: Read<T>): Promise<T> {
  const { signal } = request.operation;
  return readAs(context, request, fn, { isolation: 'repeatable read', signal });
}

/** The same with the services the caller may see. */
export async function readVisibleServices<T>(context: ReadContext, request: FastifyRequest, fn: Read<T>): Promise<T> {
  const { signal } = request.operation;
  return readAs(context, request, fn, { isolation: 'repeatable read', signal }, visibleServices);
}

/**
 * The same for one indexed statement: it is a snapshot by itself, and over before a signal that costs as much as it could
 * be asked to stop.
 */
export async function readOne<T>(context: ReadContext, request: FastifyRequest, fn: Read<T>): Promise<T> {
  return readAs(context, request, fn, {});
}

/** The visible entity of a canonical ref: one statement by itself for who may see all. */
export async function readEntityByRef(
  { access, database }: ReadContext,
  request: FastifyRequest,
  ref: string,
): Promise<VersionedEntity | undefined> {
  const principal = principalOf(request);
  const { tree } = await visibleEntities(access, principal);
  const door = database.tenant(principal.tenantId);
  return tree === everything ? selectEntityByRef(door, ref) : door.read((tx) => findEntityByRef(tx, ref, tree));
}

async function readAs<T>(
  { access, database }: ReadContext,
  request: FastifyRequest,
  fn: Read<T>,
  options: ReadOptions,
  visibleTo = visibleEntities,
): Promise<T> {
  const principal = principalOf(request);
  const visible = await visibleTo(access, principal);
  return database.tenant(principal.tenantId).read((tx) => fn(tx, visible), options);
}
