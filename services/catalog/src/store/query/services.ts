import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from '../catalog-tx.ts';

/** What only the registry knows of a service; times are ISO 8601 in UTC. */
export interface RegistryRow {
  readonly id: string;
  readonly ownerTeamId: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Kind of the source whose document describes the service. */
  readonly managedBy: string | null;
}

/** Registry rows of these services, by id. */
export async function listRegistryRows(tx: CatalogTx, ids: readonly string[]): Promise<Map<string, RegistryRow>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<RegistryRow>`
    select s.id, s.owner_team_id as "ownerTeamId", s.created_at as "createdAt", s.updated_at as "updatedAt",
      (select o.kind from claims c join sources o on o.id = c.source_id
        where c.no = s.no and c.kind = 'document' and c.state in ('active', 'orphan')) as "managedBy"
    from services s where s.id = any(${ids}::uuid[])`.execute(named(tx.db, 'catalog.registry-rows'));
  return new Map(rows.map((row) => [row.id, row]));
}
