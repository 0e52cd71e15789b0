import { sql, type RawBuilder } from 'kysely';
import { bindQuery } from '../../domain/query/postings.ts';
import { everything, type QueryNode } from '../../domain/query/tree.ts';
import { entityColumns, type EntityRow } from './entity-rows.ts';
import { resolveLiterals } from './literals.ts';
import { matches } from './posting-sql.ts';
import type { QueryTx } from './query-tx.ts';

/** Query `catalog.entity-by-ref`: the entity of a canonical ref that matches the tree. */
export async function findEntityByRef(
  tx: QueryTx,
  ref: string,
  tree: QueryNode = everything,
): Promise<EntityRow | undefined> {
  const visible = await condition(tx, tree);
  const result = await sql<EntityRow>`select ${entityColumns(true)} from refs r join entities e on e.no = r.no
    where r.ref = ${ref} and e.deleted_at is null${visible}`.execute(tx.db);
  return result.rows[0];
}

/** Query `catalog.entity-by-uid`: the entity of a uid that matches the tree. */
export async function findEntityByUid(
  tx: QueryTx,
  uid: string,
  tree: QueryNode = everything,
): Promise<EntityRow | undefined> {
  const visible = await condition(tx, tree);
  const result = await sql<EntityRow>`select ${entityColumns(true)} from entities e
    where e.id = ${uid} and e.deleted_at is null${visible}`.execute(tx.db);
  return result.rows[0];
}

/** Query `catalog.entities-by-refs`: the entities of canonical refs that match the tree, in no order. */
export async function findEntitiesByRefs(
  tx: QueryTx,
  refs: readonly string[],
  options: { tree?: QueryNode; withRelations: boolean },
): Promise<(EntityRow & { readonly ref: string })[]> {
  const visible = await condition(tx, options.tree ?? everything);
  const result = await sql<EntityRow & { ref: string }>`
    select r.ref, ${entityColumns(options.withRelations)} from refs r join entities e on e.no = r.no
    where r.ref = any(${refs}::text[]) and e.deleted_at is null${visible}`.execute(tx.db);
  return result.rows;
}

/** Query `catalog.entities-by-numbers`: the living entities of these numbers, in no order. */
export async function findEntitiesByNumbers(
  tx: QueryTx,
  numbers: readonly number[],
  withRelations: boolean,
): Promise<EntityRow[]> {
  const result = await sql<EntityRow>`select ${entityColumns(withRelations)} from entities e
    where e.no = any(${numbers}::int[]) and e.deleted_at is null`.execute(tx.db);
  return result.rows;
}

async function condition(tx: QueryTx, tree: QueryNode): Promise<RawBuilder<unknown>> {
  if (tree.op === 'all' && tree.nodes.length === 0) return sql``;
  const node = bindQuery(tree, await resolveLiterals(tx, tree, []));
  return sql` and ${matches(node, sql`e.no`)}`;
}
