import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from './catalog-tx.ts';

/** What is remembered of one document of a source. */
export interface DocumentRow {
  path: string;
  index: number;
  blobHash: string;
  inputHash: string;
  state: 'ok' | 'error';
  no: number | null;
  ref: string | null;
  includes: string[];
}

export async function listDocuments(tx: CatalogTx, sourceId: string): Promise<DocumentRow[]> {
  const { rows } = await sql<DocumentRow>`
    select d.path, d.index, d.blob_hash as "blobHash", d.input_hash as "inputHash", d.state, d.no, r.ref, d.includes
    from documents d left join refs r on r.no = d.no where d.source_id = ${sourceId}
    order by d.path, d.index`.execute(named(tx.db, 'catalog.documents-of-source'));
  return rows;
}

export interface DocumentWrite {
  id: string;
  path: string;
  index: number;
  blobHash: string;
  inputHash: string;
  no: number | null;
  includes: readonly string[];
  error: { message: string; reason: string; line: number | null; column: number | null } | null;
}

export async function upsertDocuments(
  tx: CatalogTx,
  sourceId: string,
  writes: readonly DocumentWrite[],
): Promise<void> {
  const column = <T>(pick: (write: DocumentWrite) => T): T[] => writes.map(pick);
  await sql`
    insert into documents (id, source_id, path, index, blob_hash, input_hash, state, no, error, reason, line, col, includes)
    select new.id, ${sourceId}, new.path, new.index, new.blob_hash, new.input_hash,
      case when new.error is null then 'ok' else 'error' end, new.no, new.error, new.reason, new.line, new.col,
      array(select jsonb_array_elements_text(new.includes::jsonb))
    from unnest(${column((w) => w.id)}::uuid[], ${column((w) => w.path)}::text[], ${column((w) => w.index)}::int[],
      ${column((w) => w.blobHash)}::text[], ${column((w) => w.inputHash)}::text[], ${column((w) => w.no)}::int[],
      ${column((w) => w.error?.message ?? null)}::text[], ${column((w) => w.error?.reason ?? null)}::text[],
      ${column((w) => w.error?.line ?? null)}::int[], ${column((w) => w.error?.column ?? null)}::int[],
      ${column((w) => JSON.stringify(w.includes))}::text[])
      as new (id, path, index, blob_hash, input_hash, no, error, reason, line, col, includes)
    on conflict (tenant_id, source_id, path, index) do update set
      blob_hash = excluded.blob_hash, input_hash = excluded.input_hash, state = excluded.state,
      no = coalesce(excluded.no, case when excluded.state = 'error' then documents.no end),
      error = excluded.error, reason = excluded.reason, line = excluded.line, col = excluded.col,
      includes = excluded.includes, updated_at = now()`.execute(named(tx.db, 'catalog.upsert-documents'));
}

export interface DocumentPosition {
  path: string;
  index: number;
}

export async function deleteDocuments(
  tx: CatalogTx,
  sourceId: string,
  positions: readonly DocumentPosition[],
): Promise<void> {
  await sql`
    delete from documents d using unnest(${positions.map((p) => p.path)}::text[], ${positions.map((p) => p.index)}::int[])
      as gone (path, index)
    where d.source_id = ${sourceId} and d.path = gone.path and d.index = gone.index`.execute(
    named(tx.db, 'catalog.delete-documents'),
  );
}

export interface FileHash {
  path: string;
  blobHash: string;
}

/** Notes the content whose documents are all stored: the same content need not be read again. */
export async function markFilesRead(tx: CatalogTx, sourceId: string, files: readonly FileHash[]): Promise<void> {
  await sql`
    update documents d set blob_hash = read.blob_hash
    from unnest(${files.map((f) => f.path)}::text[], ${files.map((f) => f.blobHash)}::text[]) as read (path, blob_hash)
    where d.source_id = ${sourceId} and d.path = read.path`.execute(named(tx.db, 'catalog.mark-files-read'));
}

/** Forgets what was read for a ref: the next sync reads its documents again although they have not changed. */
export async function forgetDocumentsOf(tx: CatalogTx, no: number): Promise<void> {
  await sql`update documents set blob_hash = '', input_hash = '', updated_at = now() where no = ${no}`.execute(
    named(tx.db, 'catalog.forget-documents'),
  );
}

/** A document in error: where, and why. */
export interface RefusedDocument {
  sourceId: string;
  sourceKind: string;
  sourceName: string;
  /** Path below the directory, or URL. */
  file: string;
  /** Position from 1; null when the file could not be read. */
  line: number | null;
  column: number | null;
  /** Short and stable: `yaml`, `schema`, `format`, … */
  reason: string;
  message: string;
}

/** Documents in error, all sources, by source and file. */
export async function listRefusedDocuments(tx: CatalogTx, limit = 1000): Promise<RefusedDocument[]> {
  const { rows } = await sql<RefusedDocument>`
    select s.id as "sourceId", s.kind as "sourceKind", s.name as "sourceName", d.path as file, d.line, d.col as "column",
      d.reason, d.error as message
    from documents d join sources s on s.id = d.source_id where d.state = 'error'
    order by s.kind, s.name, d.path, d.index limit ${limit}`.execute(named(tx.db, 'catalog.refused-documents'));
  return rows;
}
