import { sql, type Insertable, type Updateable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { InvitationsTable, Tables } from '../tables.ts';

export type InvitationState = 'pending' | 'accepted' | 'declined' | 'canceled' | 'expired';

const columns = [
  'id',
  'organization_id as organizationId',
  'email',
  'email_norm as emailNorm',
  'role',
  'team_ids as teamIds',
  'invited_by as invitedBy',
  'inviter_name as inviterName',
  'state',
  'expires_at as expiresAt',
  'mailed_at as mailedAt',
  'version',
  'created_at as createdAt',
  'created_at',
] as const;

export interface Invitation {
  id: string;
  organizationId: string;
  email: string;
  emailNorm: string;
  role: string;
  teamIds: string[];
  invitedBy: string;
  inviterName: string;
  state: InvitationState;
  expiresAt: string;
  mailedAt: string | null;
  version: number;
  createdAt: string;
}

export function selectInvitations(
  tx: Tx<Tables>,
  { organizationId, state }: { organizationId: string; state?: InvitationState | undefined },
) {
  const query = named(tx.db, 'auth.list-invitations')
    .selectFrom('invitations')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('organization_id', '=', organizationId);
  return state === undefined ? query : query.where('state', '=', state);
}

export async function findInvitation(tx: Tx<Tables>, id: string): Promise<Invitation | undefined> {
  const row = await named(tx.db, 'auth.invitation')
    .selectFrom('invitations')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row as Invitation | undefined;
}

/** The row, which nobody else changes before the transaction ends. */
export async function lockInvitation(tx: Tx<Tables>, id: string): Promise<Invitation | undefined> {
  const row = await named(tx.db, 'auth.lock-invitation')
    .selectFrom('invitations')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row as Invitation | undefined;
}

/** Undefined when the address is waited for in this organization already. */
export async function insertInvitation(
  tx: Tx<Tables>,
  row: Insertable<InvitationsTable>,
): Promise<Invitation | undefined> {
  const made = await named(tx.db, 'auth.insert-invitation')
    .insertInto('invitations')
    .values(row)
    .onConflict((conflict) =>
      // A literal: a partial index is found by proof, and a generic plan can prove nothing about a parameter.
      conflict
        .columns(['tenant_id', 'organization_id', 'email_norm'])
        .where('state', '=', sql.lit('pending'))
        .doNothing(),
    )
    .returning(columns)
    .executeTakeFirst();
  return made as Invitation | undefined;
}

export async function saveInvitation(
  tx: Tx<Tables>,
  id: string,
  change: Updateable<InvitationsTable>,
): Promise<Invitation> {
  const row = await named(tx.db, 'auth.save-invitation')
    .updateTable('invitations')
    .set((update) => ({ ...change, version: update('version', '+', 1) }))
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow();
  return row as Invitation;
}

/** Invitations nobody answered in time. */
export async function listDueInvitations(tx: Tx<Tables>, now: Date): Promise<string[]> {
  const rows = await named(tx.db, 'auth.due-invitations')
    .selectFrom('invitations')
    .select('id')
    .where('tenant_id', '=', tx.tenantId)
    .where('state', '=', 'pending')
    .where('expires_at', '<=', now.toISOString())
    .orderBy('id')
    .limit(500)
    .execute();
  return rows.map(({ id }) => id);
}
