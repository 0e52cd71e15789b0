import type { Insertable, Updateable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { ProjectsTable, Tables } from '../tables.ts';

const columns = [
  'id',
  'organization_id as organizationId',
  'owner_team_id as ownerTeamId',
  'slug',
  'name',
  'description',
  'version',
  'created_at as createdAt',
  'updated_at as updatedAt',
] as const;

export interface Project {
  id: string;
  organizationId: string;
  ownerTeamId: string | null;
  slug: string;
  name: string;
  description: string;
  version: number;
  createdAt: string;
  updatedAt: string;
}

/** Projects of the tenant that are not deleted. */
export function selectProjects(
  tx: Tx<Tables>,
  filter: { organizationId?: string | undefined; ownerTeamId?: string | undefined },
) {
  let query = named(tx.db, 'auth.list-projects')
    .selectFrom('projects')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('deleted_at', 'is', null);
  if (filter.organizationId !== undefined) query = query.where('organization_id', '=', filter.organizationId);
  if (filter.ownerTeamId !== undefined) query = query.where('owner_team_id', '=', filter.ownerTeamId);
  return query;
}

export async function findProject(tx: Tx<Tables>, id: string): Promise<Project | undefined> {
  return named(tx.db, 'auth.project')
    .selectFrom('projects')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
}

export async function lockProject(tx: Tx<Tables>, id: string): Promise<Project | undefined> {
  return named(tx.db, 'auth.lock-project')
    .selectFrom('projects')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

/** Undefined when the slug is taken in the organization. */
export async function insertProject(tx: Tx<Tables>, row: Insertable<ProjectsTable>): Promise<Project | undefined> {
  return named(tx.db, 'auth.insert-project')
    .insertInto('projects')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'organization_id', 'slug']).where('deleted_at', 'is', null).doNothing(),
    )
    .returning(columns)
    .executeTakeFirst();
}

export async function saveProject(tx: Tx<Tables>, id: string, change: Updateable<ProjectsTable>): Promise<Project> {
  return named(tx.db, 'auth.save-project')
    .updateTable('projects')
    .set((update) => ({ ...change, version: update('version', '+', 1) }))
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow();
}
