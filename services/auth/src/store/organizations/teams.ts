import { sql, type Insertable, type Updateable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { Tables, TeamsTable } from '../tables.ts';

const columns = [
  'id',
  'organization_id as organizationId',
  'parent_id as parentId',
  'path',
  'depth',
  'slug',
  'name',
  'description',
  'version',
  'created_at as createdAt',
  'updated_at as updatedAt',
] as const;

export interface Team {
  id: string;
  organizationId: string;
  parentId: string | null;
  /** Ids from the first level down to this team. */
  path: string[];
  /** 1 for the first level. */
  depth: number;
  slug: string;
  name: string;
  description: string;
  version: number;
  createdAt: string;
  updatedAt: string;
}

/** Teams of the tenant that are not deleted. */
export function selectTeams(
  tx: Tx<Tables>,
  filter: { organizationId?: string | undefined; parentId?: string | undefined; userId?: string | undefined },
) {
  const { organizationId, parentId, userId } = filter;
  let query = named(tx.db, 'auth.list-teams')
    .selectFrom('teams')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('deleted_at', 'is', null);
  if (organizationId !== undefined) query = query.where('organization_id', '=', organizationId);
  if (parentId !== undefined) query = query.where('parent_id', '=', parentId);
  if (userId === undefined) return query;
  return query.where('id', 'in', (inner) =>
    inner
      .selectFrom('team_memberships')
      .select('team_id')
      .where('tenant_id', '=', tx.tenantId)
      .where('user_id', '=', userId),
  );
}

export async function findTeam(tx: Tx<Tables>, id: string): Promise<Team | undefined> {
  return named(tx.db, 'auth.team')
    .selectFrom('teams')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
}

export async function lockTeam(tx: Tx<Tables>, id: string): Promise<Team | undefined> {
  return named(tx.db, 'auth.lock-team')
    .selectFrom('teams')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

/** The teams of these ids that exist. */
export async function findTeams(tx: Tx<Tables>, ids: readonly string[]): Promise<Team[]> {
  return named(tx.db, 'auth.teams-by-id')
    .selectFrom('teams')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .where('deleted_at', 'is', null)
    .execute();
}

/** Undefined when the slug is taken in the organization. */
export async function insertTeam(tx: Tx<Tables>, row: Insertable<TeamsTable>): Promise<Team | undefined> {
  return named(tx.db, 'auth.insert-team')
    .insertInto('teams')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'organization_id', 'slug']).where('deleted_at', 'is', null).doNothing(),
    )
    .returning(columns)
    .executeTakeFirst();
}

export async function saveTeam(tx: Tx<Tables>, id: string, change: Updateable<TeamsTable>): Promise<Team> {
  return named(tx.db, 'auth.save-team')
    .updateTable('teams')
    .set((update) => ({ ...change, version: update('version', '+', 1) }))
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** The team and every team below it, from the top. */
export async function listSubtree(tx: Tx<Tables>, id: string): Promise<Team[]> {
  // Walked by parent: no index answers "path contains" under row security.
  const { rows } = await sql<Team>`
    with recursive below as (
      select id from teams where tenant_id = ${tx.tenantId} and id = ${id} and deleted_at is null
      union all
      select teams.id from teams join below on teams.parent_id = below.id
      where teams.tenant_id = ${tx.tenantId} and teams.deleted_at is null)
    select teams.id, organization_id as "organizationId", parent_id as "parentId", path, depth, slug, name, description,
      version, created_at as "createdAt", updated_at as "updatedAt"
    from teams join below on below.id = teams.id where tenant_id = ${tx.tenantId} order by depth, slug`.execute(
    named(tx.db, 'auth.team-subtree'),
  );
  return rows;
}

/** Whether a team stands below this one or a project belongs to it. */
export async function isTeamInUse(tx: Tx<Tables>, id: string): Promise<boolean> {
  const [team, project] = await Promise.all([
    named(tx.db, 'auth.any-team-below')
      .selectFrom('teams')
      .select('id')
      .where('tenant_id', '=', tx.tenantId)
      .where('parent_id', '=', id)
      .where('deleted_at', 'is', null)
      .limit(1)
      .executeTakeFirst(),
    named(tx.db, 'auth.any-project-of-team')
      .selectFrom('projects')
      .select('id')
      .where('tenant_id', '=', tx.tenantId)
      .where('owner_team_id', '=', id)
      .where('deleted_at', 'is', null)
      .limit(1)
      .executeTakeFirst(),
  ]);
  return team !== undefined || project !== undefined;
}
