import { CompiledQuery, sql, type RawBuilder } from 'kysely';
import { named, type Door } from '@idp/database';
import { bindQuery } from '../../domain/query/postings.ts';
import { everything, type QueryNode } from '../../domain/query/tree.ts';
import { entityColumns, entityTextSql, type EntityRow, type EntityText } from './entity-rows.ts';
import { resolveLiterals } from './literals.ts';
import { probe } from './posting-sql.ts';
import type { CatalogTx } from '../catalog-tx.ts';

/** One entity and its revision: as few columns as the most frequent read needs. */
export interface VersionedEntity extends EntityText {
  readonly revision: number;
}

// Written out once: this is the most frequent read, and building its text costs as much as sending it.
const byRef = `select e.revision, ${entityTextSql(true)} from refs r join entities e on e.no = r.no
  where r.ref = $1 and e.deleted_at is null`;

const byRefName = 'catalog.entity-by-ref';

/** The entity of a canonical ref, for a caller who may see all. */
export async function selectEntityByRef(
  door: Pick<Door<unknown>, 'select'>,
  ref: string,
): Promise<VersionedEntity | undefined> {
  const rows = await door.select<VersionedEntity>(byRefName, CompiledQuery.raw(byRef, [ref]) as never);
  return rows[0];
}

/** The entity of a canonical ref that matches the tree. */
export async function findEntityByRef(
  tx: CatalogTx,
  ref: string,
  tree: QueryNode = everything,
): Promise<VersionedEntity | undefined> {
  const db = named(tx.db, byRefName);
  const query = CompiledQuery.raw(byRef, [ref]);
  const result =
    tree === everything
      ? await db.executeQuery<VersionedEntity>(query)
      : await sql<VersionedEntity>`select e.revision, ${sql.raw(entityTextSql(true))}
          from refs r join entities e on e.no = r.no
          where r.ref = ${ref} and e.deleted_at is null${await condition(tx, tree)}`.execute(db);
  return result.rows[0];
}

/** The entity of a uid that matches the tree. */
export async function findEntityByUid(
  tx: CatalogTx,
  uid: string,
  tree: QueryNode = everything,
): Promise<EntityRow | undefined> {
  const visible = await condition(tx, tree);
  const result = await sql<EntityRow>`select ${entityColumns(true)} from entities e
    where e.id = ${uid} and e.deleted_at is null${visible}`.execute(named(tx.db, 'catalog.entity-by-uid'));
  return result.rows[0];
}

/** The entities of canonical refs that match the tree, in no order. */
export async function findEntitiesByRefs(
  tx: CatalogTx,
  refs: readonly string[],
  options: { tree?: QueryNode; withRelations: boolean },
): Promise<(EntityRow & { readonly ref: string })[]> {
  const visible = await condition(tx, options.tree ?? everything);
  const result = await sql<EntityRow & { ref: string }>`
    select r.ref, ${entityColumns(options.withRelations)} from refs r join entities e on e.no = r.no
    where r.ref = any(${refs}::text[]) and e.deleted_at is null${visible}`.execute(
    named(tx.db, 'catalog.entities-by-refs'),
  );
  return result.rows;
}

/** The living entities of these numbers, in no order. */
export async function findEntitiesByNumbers(
  tx: CatalogTx,
  numbers: readonly number[],
  withRelations: boolean,
): Promise<EntityRow[]> {
  const result = await sql<EntityRow>`select ${entityColumns(withRelations)} from entities e
    where e.no = any(${numbers}::int[]) and e.deleted_at is null`.execute(named(tx.db, 'catalog.entities-by-numbers'));
  return result.rows;
}

async function condition(tx: CatalogTx, tree: QueryNode): Promise<RawBuilder<unknown>> {
  if (tree.op === 'all' && tree.nodes.length === 0) return sql``;
  const node = bindQuery(tree, await resolveLiterals(tx, tree, []));
  return sql` and ${probe(node, sql`e.no`)}`;
}
