import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from './catalog-tx.ts';

export type SourceKind = 'api' | 'directory' | 'location';

export interface SourceRow {
  id: string;
  kind: SourceKind;
  /** Unique per kind: `api`, the directory, `type:target` of the location. */
  name: string;
  state: 'active' | 'paused' | 'failing';
  /** JSON array of {kind, type?}; null = every kind. */
  allowedKinds: string | null;
  /** JSON object: URL → validator of the last answer. */
  lastHead: string | null;
  lastSyncedAt: string | null;
  failures: number;
  lastError: string | null;
  heldDeletes: number;
}

const columns = sql.raw(`id, kind, name, state, allowed_kinds as "allowedKinds", last_head as "lastHead",
  last_synced_at as "lastSyncedAt", failures, last_error as "lastError", held_deletes as "heldDeletes"`);

export async function findSource(tx: CatalogTx, id: string): Promise<SourceRow | undefined> {
  const { rows } = await sql<SourceRow>`select ${columns} from sources where id = ${id}`.execute(
    named(tx.db, 'catalog.source-by-id'),
  );
  return rows[0];
}

export async function findSourceByName(tx: CatalogTx, kind: SourceKind, name: string): Promise<SourceRow | undefined> {
  const { rows } = await sql<SourceRow>`select ${columns} from sources where kind = ${kind} and name = ${name}`.execute(
    named(tx.db, 'catalog.source-by-name'),
  );
  return rows[0];
}

export interface NewSource {
  id: string;
  kind: SourceKind;
  name: string;
  allowedKinds?: string;
  actor: string;
}

/** Creates the source, or returns the one of that name. */
export async function ensureSource(tx: CatalogTx, source: NewSource): Promise<SourceRow> {
  const known = await findSourceByName(tx, source.kind, source.name);
  if (known) return known;
  const { rows } = await sql<SourceRow>`
    insert into sources (id, kind, name, allowed_kinds, created_by, updated_by)
    values (${source.id}, ${source.kind}, ${source.name}, ${source.allowedKinds ?? null}, ${source.actor}, ${source.actor})
    on conflict (tenant_id, kind, name) do nothing returning ${columns}`.execute(named(tx.db, 'catalog.insert-source'));
  const created = rows[0] ?? (await findSourceByName(tx, source.kind, source.name));
  if (!created) throw new TypeError(`source ${source.kind} ${source.name} is neither new nor there`);
  return created;
}

export async function renameSource(tx: CatalogTx, id: string, name: string, actor: string): Promise<void> {
  await sql`
    update sources set name = ${name}, last_head = null, last_synced_at = null, updated_at = now(), updated_by = ${actor},
      version = version + 1 where id = ${id}`.execute(named(tx.db, 'catalog.rename-source'));
}

export async function deleteSource(tx: CatalogTx, id: string): Promise<void> {
  await sql`delete from sources where id = ${id}`.execute(named(tx.db, 'catalog.delete-source'));
}

export interface SyncSuccess {
  id: string;
  lastHead: string | null;
  heldDeletes: number;
  actor: string;
}

export async function recordSync(tx: CatalogTx, { id, lastHead, heldDeletes, actor }: SyncSuccess): Promise<void> {
  await sql`
    update sources set state = case when state = 'paused' then state else 'active' end, failures = 0, last_error = null,
      last_head = ${lastHead}, held_deletes = ${heldDeletes}, last_synced_at = now(), updated_at = now(), updated_by = ${actor}
    where id = ${id}`.execute(named(tx.db, 'catalog.record-sync'));
}

const failuresUntilFailing = 3;

export async function recordSyncFailure(
  tx: CatalogTx,
  failure: { id: string; error: string; actor: string },
): Promise<void> {
  await sql`
    update sources set failures = failures + 1, last_error = ${failure.error}, last_synced_at = now(), updated_at = now(),
      updated_by = ${failure.actor},
      state = case when state = 'active' and failures + 1 >= ${failuresUntilFailing} then 'failing' else state end
    where id = ${failure.id}`.execute(named(tx.db, 'catalog.record-sync-failure'));
}

/** Location sources that have not been read for `pollSeconds`, or whose last read failed and whose pause is over. */
export async function listDueSources(tx: CatalogTx, pollSeconds: number, limit: number): Promise<SourceRow[]> {
  const { rows } = await sql<SourceRow>`
    select ${columns} from sources
    where kind = 'location' and state <> 'paused' and (last_synced_at is null or last_synced_at < now() - make_interval(
      secs => case when failures = 0 then ${pollSeconds} else least(${pollSeconds}, 60 * power(2, least(failures, 6))) end))
    order by last_synced_at nulls first, id limit ${limit}`.execute(named(tx.db, 'catalog.due-sources'));
  return rows;
}

/** Sources whose documents describe an entity. */
export async function listSourcesOfRef(tx: CatalogTx, ref: string): Promise<SourceRow[]> {
  const { rows } = await sql<SourceRow>`
    select ${columns} from sources where id in (
      select c.source_id from claims c join refs r on r.no = c.no where r.ref = ${ref})`.execute(
    named(tx.db, 'catalog.sources-of-ref'),
  );
  return rows;
}

export interface DirectoryState {
  directory: string;
  /** Time of the last run, successful or not; null before the first. */
  lastSyncedAt: string | null;
  lastError: string | null;
}

export async function listDirectoryStates(tx: CatalogTx): Promise<DirectoryState[]> {
  const { rows } = await sql<DirectoryState>`
    select name as directory, last_synced_at as "lastSyncedAt", last_error as "lastError"
    from sources where kind = 'directory' order by name`.execute(named(tx.db, 'catalog.directory-states'));
  return rows;
}
