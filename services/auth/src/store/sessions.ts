import type { Insertable, Selectable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { AuthContextClass } from '@idp/auth';
import type { RevocationReason } from '../domain/states.ts';
import type { SessionsTable, Tables } from './tables.ts';

const columns = [
  'id',
  'user_id',
  'tenant_id',
  'counter',
  'mac_key_sealed',
  'csrf_hash',
  'rotated_at',
  'amr',
  'acr',
  'auth_time',
  'idle_expires_at',
  'absolute_expires_at',
  'revoked_at',
] as const;

export type SessionRow = Omit<Pick<Selectable<SessionsTable>, (typeof columns)[number]>, 'acr'> & {
  acr: AuthContextClass;
};

export async function insertSession(tx: Tx<Tables>, row: Insertable<SessionsTable>): Promise<void> {
  await named(tx.db, 'auth.insert-session').insertInto('sessions').values(row).execute();
}

export async function findSession(tx: Tx<Tables>, id: string): Promise<SessionRow | undefined> {
  const row = await named(tx.db, 'auth.session')
    .selectFrom('sessions')
    .select(columns)
    .where('id', '=', id)
    .executeTakeFirst();
  return row as SessionRow | undefined;
}

/** The row, locked to the end of the transaction: rotations of one session come one after the other. */
export async function lockSession(tx: Tx<Tables>, id: string): Promise<SessionRow | undefined> {
  const row = await named(tx.db, 'auth.lock-session')
    .selectFrom('sessions')
    .select(columns)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row as SessionRow | undefined;
}

interface NextRotation {
  counter: number;
  now: Date;
  idleExpiresAt: Date;
}

function rotated({ counter, now, idleExpiresAt }: NextRotation) {
  const at = now.toISOString();
  return { counter, rotated_at: at, last_seen_at: at, idle_expires_at: idleExpiresAt.toISOString() };
}

export async function rotateSession(tx: Tx<Tables>, id: string, next: NextRotation): Promise<void> {
  await named(tx.db, 'auth.rotate-session').updateTable('sessions').set(rotated(next)).where('id', '=', id).execute();
}

/** Rotates the session into the transaction's tenant. */
export async function moveSession(
  tx: Tx<Tables>,
  id: string,
  { absoluteEnd, ...next }: NextRotation & { absoluteEnd: Date },
): Promise<void> {
  await named(tx.db, 'auth.move-session')
    .updateTable('sessions')
    .set((update) => ({
      ...rotated(next),
      absolute_expires_at: absoluteEnd.toISOString(),
      tenant_id: tx.tenantId,
      version: update('version', '+', 1),
    }))
    .where('id', '=', id)
    .execute();
}

/** Ends the session if nobody did before; its new version, or undefined. */
export async function revokeSession(
  tx: Tx<Tables>,
  id: string,
  { reason, now }: { reason: RevocationReason; now: Date },
): Promise<{ version: number; userId: string } | undefined> {
  const row = await named(tx.db, 'auth.revoke-session')
    .updateTable('sessions')
    .set((update) => ({
      revoked_at: now.toISOString(),
      revoked_reason: reason,
      version: update('version', '+', 1),
    }))
    .where('id', '=', id)
    .where('tenant_id', '=', tx.tenantId)
    .where('revoked_at', 'is', null)
    .returning(['version', 'user_id as userId'])
    .executeTakeFirst();
  return row;
}

/** Live sessions of the user beyond the `kept` newest, oldest last. */
export async function listSurplusSessions(
  tx: Tx<Tables>,
  userId: string,
  { kept, now }: { kept: number; now: Date },
): Promise<{ id: string; tenantId: string }[]> {
  return named(tx.db, 'auth.surplus-sessions')
    .selectFrom('sessions')
    .select(['id', 'tenant_id as tenantId'])
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .where('idle_expires_at', '>', now.toISOString())
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .offset(kept)
    .limit(100)
    .execute();
}

const listed = [
  'id',
  'user_id',
  'tenant_id',
  'kind',
  'amr',
  'acr',
  'auth_time',
  'ip',
  'user_agent',
  'created_at',
  'last_seen_at',
  'idle_expires_at',
  'absolute_expires_at',
] as const;

/** Live sessions of a user, of one tenant or of all. */
export function liveSessionsQuery(
  tx: Tx<Tables>,
  { userId, tenantId, now }: { userId: string; tenantId?: string; now: Date },
) {
  const query = named(tx.db, 'auth.live-sessions')
    .selectFrom('sessions')
    .select(listed)
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .where('idle_expires_at', '>', now.toISOString());
  return tenantId === undefined ? query : query.where('tenant_id', '=', tenantId);
}

/** The person proved who they are once more, at `now`. */
export async function renewAuthTime(tx: Tx<Tables>, id: string, now: Date): Promise<void> {
  await named(tx.db, 'auth.renew-auth-time')
    .updateTable('sessions')
    .set((update) => ({
      auth_time: now.toISOString(),
      last_seen_at: now.toISOString(),
      version: update('version', '+', 1),
    }))
    .where('id', '=', id)
    .execute();
}
