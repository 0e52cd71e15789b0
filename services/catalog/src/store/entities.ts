import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from './catalog-tx.ts';

/** An entity as writers need it, deleted ones included. */
export interface StoredEntity {
  no: number;
  id: string;
  kind: string;
  namespace: string;
  name: string;
  document: string;
  etag: string;
  revision: number;
  status: string | null;
  deleted: boolean;
}

const columns = sql.raw(
  'no, id, kind, namespace, name, document, etag, revision, status, deleted_at is not null as deleted',
);

export async function listEntitiesByNumber(tx: CatalogTx, nos: readonly number[]): Promise<Map<number, StoredEntity>> {
  const { rows } = await sql<StoredEntity>`select ${columns} from entities where no = any(${nos}::int[])`.execute(
    named(tx.db, 'catalog.entities-by-number'),
  );
  return new Map(rows.map((row) => [row.no, row]));
}

/** Living entities. */
export async function countEntities(tx: CatalogTx): Promise<number> {
  const { rows } = await sql<{
    count: number;
  }>`select count(*)::int as count from entities where deleted_at is null`.execute(
    named(tx.db, 'catalog.count-entities'),
  );
  return rows[0]?.count ?? 0;
}

export interface EntityWrite {
  no: number;
  id: string;
  kind: string;
  namespace: string;
  name: string;
  title: string | null;
  document: string;
  etag: string;
  revision: number;
  status: string | null;
}

/** Writes new, changed and returning entities. */
export async function upsertEntities(tx: CatalogTx, writes: readonly EntityWrite[], actor: string): Promise<void> {
  const column = <K extends keyof EntityWrite>(key: K): EntityWrite[K][] => writes.map((write) => write[key]);
  await sql`
    insert into entities (no, id, kind, namespace, name, title, document, etag, revision, status, created_by, updated_by)
    select new.*, ${actor}, ${actor}
    from unnest(${column('no')}::int[], ${column('id')}::uuid[], ${column('kind')}::text[], ${column('namespace')}::text[],
      ${column('name')}::text[], ${column('title')}::text[], ${column('document')}::text[], ${column('etag')}::text[],
      ${column('revision')}::int[], ${column('status')}::text[])
      as new (no, id, kind, namespace, name, title, document, etag, revision, status)
    on conflict (tenant_id, no) do update set
      title = excluded.title, document = excluded.document, etag = excluded.etag, revision = excluded.revision,
      status = excluded.status, updated_by = excluded.updated_by, updated_at = now(), deleted_at = null, deleted_by = null`.execute(
    named(tx.db, 'catalog.upsert-entities'),
  );
}

export interface EntityDeletion {
  no: number;
  revision: number;
}

export async function markEntitiesDeleted(
  tx: CatalogTx,
  deletions: readonly EntityDeletion[],
  actor: string,
): Promise<void> {
  await sql`
    update entities e set revision = gone.revision, status = null, deleted_at = now(), deleted_by = ${actor},
      updated_at = now(), updated_by = ${actor}
    from unnest(${deletions.map((d) => d.no)}::int[], ${deletions.map((d) => d.revision)}::int[]) as gone (no, revision)
    where e.no = gone.no`.execute(named(tx.db, 'catalog.delete-entities'));
}
