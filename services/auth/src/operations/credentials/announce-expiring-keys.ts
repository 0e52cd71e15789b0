import { timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { publish } from '@idp/events';
import type { AuthContext } from '../../context.ts';
import { expiryNotice } from '../../domain/key-expiry.ts';
import { lockEndingKeys, markAnnounced, type EndingKeyRow } from '../../store/credentials/ending-keys.ts';
import type { Tables } from '../../store/tables.ts';
import { keyOwner } from './create-api-key.ts';

/** Tells of keys of the transaction's tenant that end in 14, 3 or 1 days, and of those that have ended; of each once. */
export async function announceExpiringKeys(tx: Tx<Tables>, { clock }: Pick<AuthContext, 'clock'>): Promise<void> {
  const now = clock();
  for (const key of await lockEndingKeys(tx, now)) {
    const notice = expiryNotice(key, now);
    if (notice === undefined) continue;
    await markAnnounced(tx, key.id, notice.announced);
    if (notice.tell) tell(tx, key, notice);
  }
}

function tell(
  tx: Tx<Tables>,
  key: EndingKeyRow,
  { announced, daysLeft }: { announced: number; daysLeft: number },
): void {
  const end = timestampFromDate(new Date(key.expiresAt));
  const data = { keyId: key.id, name: key.name, ownerType: keyOwner(key.ownerType), ownerId: key.ownerId };
  if (announced === 0) {
    publish(tx, { type: 'idp.auth.v1.ApiKeyExpired', aggregateId: key.id, data: { ...data, expiredAt: end } });
    return;
  }
  publish(tx, {
    type: 'idp.auth.v1.ApiKeyExpiryAnnounced',
    aggregateId: key.id,
    data: { ...data, expiresAt: end, daysLeft },
  });
}
