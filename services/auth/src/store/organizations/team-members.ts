import { sql } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { Tables } from '../tables.ts';

export type TeamRole = 'maintainer' | 'member';

/** Members of a team with what the tenant shows of them. */
export function selectTeamMembers(tx: Tx<Tables>, teamId: string) {
  return named(tx.db, 'auth.list-team-members')
    .selectFrom('team_memberships')
    .innerJoin('memberships', (join) =>
      join
        .onRef('memberships.tenant_id', '=', 'team_memberships.tenant_id')
        .onRef('memberships.user_id', '=', 'team_memberships.user_id'),
    )
    .select([
      'team_memberships.user_id as userId',
      'memberships.display_name as name',
      'memberships.email',
      'memberships.email_norm',
      'team_memberships.role',
      'team_memberships.joined_at as joinedAt',
    ])
    .where('team_memberships.tenant_id', '=', tx.tenantId)
    .where('team_memberships.team_id', '=', teamId)
    .where('memberships.status', '<>', 'removed');
}

export async function findTeamRole(tx: Tx<Tables>, teamId: string, userId: string): Promise<TeamRole | undefined> {
  const row = await named(tx.db, 'auth.team-role')
    .selectFrom('team_memberships')
    .select('role')
    .where('tenant_id', '=', tx.tenantId)
    .where('team_id', '=', teamId)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return row?.role as TeamRole | undefined;
}

/** Whether the user maintains one of these teams. */
export async function maintainsAny(tx: Tx<Tables>, userId: string, teamIds: readonly string[]): Promise<boolean> {
  const row = await named(tx.db, 'auth.maintained-team')
    .selectFrom('team_memberships')
    .select('team_id')
    .where('tenant_id', '=', tx.tenantId)
    .where('team_id', '=', sql<string>`any(${[...teamIds]}::uuid[])`)
    .where('user_id', '=', userId)
    .where('role', '=', 'maintainer')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function saveTeamMember(
  tx: Tx<Tables>,
  row: { teamId: string; userId: string; role: TeamRole; actor: string; now: Date },
): Promise<void> {
  await named(tx.db, 'auth.save-team-member')
    .insertInto('team_memberships')
    .values({
      team_id: row.teamId,
      user_id: row.userId,
      role: row.role,
      joined_at: row.now.toISOString(),
      created_by: row.actor,
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'team_id', 'user_id']).doUpdateSet({ role: row.role }))
    .execute();
}

export async function deleteTeamMember(tx: Tx<Tables>, teamId: string, userId: string): Promise<void> {
  await named(tx.db, 'auth.delete-team-member')
    .deleteFrom('team_memberships')
    .where('tenant_id', '=', tx.tenantId)
    .where('team_id', '=', teamId)
    .where('user_id', '=', userId)
    .execute();
}

/** Everybody in the team leaves it; who that was. */
export async function deleteTeamMembers(tx: Tx<Tables>, teamId: string): Promise<{ userId: string; role: TeamRole }[]> {
  const rows = await named(tx.db, 'auth.delete-team-members')
    .deleteFrom('team_memberships')
    .where('tenant_id', '=', tx.tenantId)
    .where('team_id', '=', teamId)
    .returning(['user_id as userId', 'role'])
    .execute();
  return rows.map(({ userId, role }) => ({ userId, role: role as TeamRole }));
}

/** Teams the user is in. */
export async function listTeamsOfUser(
  tx: Tx<Tables>,
  userId: string,
): Promise<{ id: string; organizationId: string; slug: string; name: string; role: TeamRole }[]> {
  const rows = await named(tx.db, 'auth.teams-of-user')
    .selectFrom('team_memberships')
    .innerJoin('teams', (join) =>
      join
        .onRef('teams.tenant_id', '=', 'team_memberships.tenant_id')
        .onRef('teams.id', '=', 'team_memberships.team_id'),
    )
    .select([
      'teams.id',
      'teams.organization_id as organizationId',
      'teams.slug',
      'teams.name',
      'team_memberships.role',
    ])
    .where('team_memberships.tenant_id', '=', tx.tenantId)
    .where('team_memberships.user_id', '=', userId)
    .orderBy('teams.slug')
    .orderBy('teams.id')
    .execute();
  return rows.map((row) => ({ ...row, role: row.role as TeamRole }));
}
