import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from './catalog-tx.ts';

/** The registry's row of a Component, deleted ones included. */
export interface ServiceRow {
  id: string;
  no: number;
  digest: string;
  version: number;
  deleted: boolean;
}

export async function listServicesByNumber(tx: CatalogTx, nos: readonly number[]): Promise<Map<number, ServiceRow>> {
  const { rows } = await sql<ServiceRow>`
    select id, no, digest, version, deleted_at is not null as deleted from services where no = any(${nos}::int[])`.execute(
    named(tx.db, 'catalog.services-by-number'),
  );
  return new Map(rows.map((row) => [row.no, row]));
}

export interface ServiceWrite {
  id: string;
  no: number;
  name: string;
  description: string | null;
  repositoryUrl: string | null;
  ownerTeamId: string | null;
  digest: string;
  version: number;
}

export async function upsertServices(tx: CatalogTx, writes: readonly ServiceWrite[], actor: string): Promise<void> {
  const column = <K extends keyof ServiceWrite>(key: K): ServiceWrite[K][] => writes.map((write) => write[key]);
  await sql`
    insert into services (id, no, name, description, repository_url, owner_team_id, digest, version, created_by, updated_by)
    select new.*, ${actor}, ${actor}
    from unnest(${column('id')}::uuid[], ${column('no')}::int[], ${column('name')}::text[], ${column('description')}::text[],
      ${column('repositoryUrl')}::text[], ${column('ownerTeamId')}::uuid[], ${column('digest')}::text[],
      ${column('version')}::bigint[])
      as new (id, no, name, description, repository_url, owner_team_id, digest, version)
    on conflict (tenant_id, id) do update set
      description = excluded.description, repository_url = excluded.repository_url, owner_team_id = excluded.owner_team_id,
      digest = excluded.digest, version = excluded.version, updated_by = excluded.updated_by, updated_at = now(),
      deleted_at = null, deleted_by = null`.execute(named(tx.db, 'catalog.upsert-services'));
}

export async function markServicesDeleted(tx: CatalogTx, nos: readonly number[], actor: string): Promise<void> {
  await sql`
    update services set deleted_at = now(), deleted_by = ${actor}, updated_at = now(), updated_by = ${actor}
    where no = any(${nos}::int[]) and deleted_at is null`.execute(named(tx.db, 'catalog.delete-services'));
}

/** Team of each group that names one in its annotation `idp/team-id`; values that are no UUID are left out. */
export async function listTeamsOfGroups(tx: CatalogTx, refs: readonly string[]): Promise<Map<string, string>> {
  if (refs.length === 0) return new Map();
  const { rows } = await sql<{ ref: string; team: string }>`
    select r.ref, v.original as team
    from refs r join terms t on t.no = r.no
      join term_keys k on k.id = t.key_id and k.key = 'metadata.annotations.idp/team-id'
      join term_values v on v.id = t.value_id
    where r.ref = any(${refs}::text[])`.execute(named(tx.db, 'catalog.teams-of-groups'));
  return new Map(rows.filter(({ team }) => uuid.test(team)).map(({ ref, team }) => [ref, team.toLowerCase()]));
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The group whose annotation `idp/team-id` is this team; the oldest, should several say so. */
export async function findGroupOfTeam(tx: CatalogTx, teamId: string): Promise<string | undefined> {
  const { rows } = await sql<{ ref: string }>`
    select r.ref
    from term_values v join term_keys k on k.key = 'metadata.annotations.idp/team-id'
      join terms t on t.key_id = k.id and t.value_id = v.id
      join entities e on e.no = t.no and e.kind = 'group' and e.deleted_at is null
      join refs r on r.no = t.no
    where v.folded = ${teamId.toLowerCase()} order by r.no limit 1`.execute(named(tx.db, 'catalog.group-of-team'));
  return rows[0]?.ref;
}
