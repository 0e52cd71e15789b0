import { named, type Tx } from '@idp/database';
import { announcedDays, type AnnouncedDays, type EndingKey } from '../../domain/key-expiry.ts';
import type { Tables } from '../tables.ts';
import type { KeyOwnerType } from './api-keys.ts';

export interface EndingKeyRow extends EndingKey {
  id: string;
  name: string;
  ownerType: KeyOwnerType;
  ownerId: string;
}

const day = 86_400_000;
const atOnce = 500;

/** Live keys of which something new is to be said at `now`, those that end first, locked to the end of the transaction. */
export async function lockEndingKeys(tx: Tx<Tables>, now: Date): Promise<EndingKeyRow[]> {
  const rows = await named(tx.db, 'auth.ending-keys')
    .selectFrom('api_keys')
    .select([
      'id',
      'name',
      'owner_type as ownerType',
      'owner_id as ownerId',
      'expires_at as expiresAt',
      'created_at as createdAt',
    ])
    .where('tenant_id', '=', tx.tenantId)
    .where('revoked_at', 'is', null)
    .where('announced_days', 'is distinct from', 0)
    .where((where) =>
      where.or(
        announcedDays.map((days) =>
          where.and([
            where('expires_at', '<=', new Date(now.getTime() + days * day).toISOString()),
            where.or([where('announced_days', 'is', null), where('announced_days', '>', days)]),
          ]),
        ),
      ),
    )
    .orderBy('expires_at')
    .orderBy('id')
    .limit(atOnce)
    .forUpdate()
    .execute();
  return rows as EndingKeyRow[];
}

/** No change of the key itself: its version stays. */
export async function markAnnounced(tx: Tx<Tables>, id: string, days: AnnouncedDays): Promise<void> {
  await named(tx.db, 'auth.mark-key-announced')
    .updateTable('api_keys')
    .set({ announced_days: days })
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .execute();
}
