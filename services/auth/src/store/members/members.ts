import type { Updateable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { MembershipsTable, Tables } from '../tables.ts';

export type MembershipStatus = 'invited' | 'active' | 'suspended' | 'removed';

const columns = [
  'id as membershipId',
  'user_id as userId',
  'display_name as name',
  'email',
  'email_norm',
  'status',
  'mfa_required as mfaRequired',
  'managed_by as managedBy',
  'version',
  'created_at as joinedAt',
  'updated_at as updatedAt',
] as const;

/** A user as the tenant shows it. */
export interface Member {
  membershipId: string;
  userId: string;
  name: string;
  email: string;
  status: MembershipStatus;
  mfaRequired: boolean;
  managedBy: string | null;
  version: number;
  joinedAt: string;
  updatedAt: string;
}

export interface MemberFilter {
  status?: MembershipStatus | undefined;
  teamId?: string | undefined;
  /** Held in the whole tenant. */
  role?: string | undefined;
  /** Begins the name or the address; compared in lower case. */
  q?: string | undefined;
  /** Holds a role in it, or is in one of its teams. */
  organizationId?: string | undefined;
}

function liveMembers(tx: Tx<Tables>) {
  return named(tx.db, 'auth.list-members')
    .selectFrom('memberships')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('status', '<>', 'removed');
}

type MemberQuery = ReturnType<typeof liveMembers>;

/** Members of the tenant whose membership has not ended. */
export function selectMembers(tx: Tx<Tables>, filter: MemberFilter): MemberQuery {
  const { tenantId } = tx;
  const { status, teamId, role, q, organizationId } = filter;
  let query = liveMembers(tx);
  if (status !== undefined) query = query.where('status', '=', status);
  if (q !== undefined) {
    const [from, to] = prefixBounds(q.toLowerCase());
    query = query.where((where) =>
      where.or([
        where.and([where('email_norm', '>=', from), where('email_norm', '<', to)]),
        where.and([where('name_norm', '>=', from), where('name_norm', '<', to)]),
      ]),
    );
  }
  if (teamId !== undefined) {
    query = query.where('user_id', 'in', (inner) =>
      inner
        .selectFrom('team_memberships')
        .select('user_id')
        .where('tenant_id', '=', tenantId)
        .where('team_id', '=', teamId),
    );
  }
  if (role !== undefined) {
    query = query.where('user_id', 'in', (inner) =>
      inner
        .selectFrom('role_bindings')
        .select('principal_id')
        .where('tenant_id', '=', tenantId)
        .where('scope_type', '=', 'tenant')
        .where('scope_id', '=', tenantId)
        .where('principal_type', '=', 'user')
        .where('role_id', '=', role),
    );
  }
  return organizationId === undefined ? query : withinOrganization(query, tenantId, organizationId);
}

function withinOrganization(query: MemberQuery, tenantId: string, organizationId: string): MemberQuery {
  return query.where((where) =>
    where.or([
      where('user_id', 'in', (inner) =>
        inner
          .selectFrom('role_bindings')
          .select('principal_id')
          .where('tenant_id', '=', tenantId)
          .where('scope_type', '=', 'organization')
          .where('scope_id', '=', organizationId)
          .where('principal_type', '=', 'user'),
      ),
      where('user_id', 'in', (inner) =>
        inner
          .selectFrom('team_memberships')
          .innerJoin('teams', (join) =>
            join
              .onRef('teams.tenant_id', '=', 'team_memberships.tenant_id')
              .onRef('teams.id', '=', 'team_memberships.team_id'),
          )
          .select('team_memberships.user_id')
          .where('team_memberships.tenant_id', '=', tenantId)
          .where('teams.organization_id', '=', organizationId),
      ),
    ]),
  );
}

/** Bounds of the texts that begin with `prefix`, by code point. */
function prefixBounds(prefix: string): [string, string] {
  return [prefix, `${prefix}\u{10ffff}`];
}

export async function findMember(tx: Tx<Tables>, userId: string): Promise<Member | undefined> {
  const row = await named(tx.db, 'auth.member')
    .selectFrom('memberships')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('user_id', '=', userId)
    .where('status', '<>', 'removed')
    .executeTakeFirst();
  return row as Member | undefined;
}

/** The row, which nobody else changes before the transaction ends. */
export async function lockMember(tx: Tx<Tables>, userId: string): Promise<Member | undefined> {
  const row = await named(tx.db, 'auth.lock-member')
    .selectFrom('memberships')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('user_id', '=', userId)
    .where('status', '<>', 'removed')
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row as Member | undefined;
}

export async function saveMember(
  tx: Tx<Tables>,
  membershipId: string,
  change: Updateable<MembershipsTable>,
): Promise<Member> {
  const row = await named(tx.db, 'auth.save-member')
    .updateTable('memberships')
    .set((update) => ({ ...change, version: update('version', '+', 1) }))
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', membershipId)
    .returning(columns)
    .executeTakeFirstOrThrow();
  return row as Member;
}

/** The global side of a membership has the same state. */
export async function setUserTenantStatus(tx: Tx<Tables>, userId: string, status: MembershipStatus): Promise<void> {
  await named(tx.db, 'auth.set-user-tenant-status')
    .updateTable('user_tenants')
    .set({ status })
    .where('user_id', '=', userId)
    .where('tenant_id', '=', tx.tenantId)
    .execute();
}

/** The user leaves every team; which they were. */
export async function leaveTeams(
  tx: Tx<Tables>,
  userId: string,
  organizationId?: string,
): Promise<{ teamId: string; role: string }[]> {
  let query = named(tx.db, 'auth.leave-teams')
    .deleteFrom('team_memberships')
    .where('tenant_id', '=', tx.tenantId)
    .where('user_id', '=', userId);
  if (organizationId !== undefined) {
    query = query.where('team_id', 'in', (inner) =>
      inner
        .selectFrom('teams')
        .select('id')
        .where('tenant_id', '=', tx.tenantId)
        .where('organization_id', '=', organizationId),
    );
  }
  return query.returning(['team_id as teamId', 'role']).execute();
}

/** Sessions of the user in the transaction's tenant that have not been ended. */
export async function listOpenSessions(tx: Tx<Tables>, userId: string): Promise<string[]> {
  const rows = await named(tx.db, 'auth.open-sessions')
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', userId)
    .where('tenant_id', '=', tx.tenantId)
    .where('revoked_at', 'is', null)
    .orderBy('id')
    .execute();
  return rows.map(({ id }) => id);
}
