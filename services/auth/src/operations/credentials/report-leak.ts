import { timingSafeEqual } from 'node:crypto';
import { apiKeySecretHash, parseApiKey } from '@idp/auth';
import { timestampFromDate } from '@idp/contracts';
import { publish } from '@idp/events';
import type { AuthContext } from '../../context.ts';
import { findKeyByKid, findTenantOfKey, lockApiKey } from '../../store/credentials/api-keys.ts';
import { revokeKey } from './change-api-key.ts';
import { keyOwner } from './create-api-key.ts';

/** Ends a live key that somebody found where it does not belong. Whoever reports learns nothing, whatever the text is. */
export async function reportLeak(
  ctx: Pick<AuthContext, 'database' | 'clock' | 'revocations'>,
  text: string,
): Promise<void> {
  const key = parseApiKey(text);
  if (key === undefined) return;
  const tenantId = await ctx.database.global.read((tx) => findTenantOfKey(tx, key.kid));
  if (tenantId === undefined) return;
  const door = ctx.database.tenant(tenantId);
  const presented = apiKeySecretHash(key.secret);
  const found = await door.read((tx) => findKeyByKid(tx, key.kid));
  const hashes = [found?.secret_hash, found?.overlap_hash].filter((hash) => hash !== undefined && hash !== null);
  if (found === undefined || !hashes.some((hash) => timingSafeEqual(hash, presented))) return;
  await door.write(
    async (tx) => {
      const row = await lockApiKey(tx, found.id);
      if (row === undefined) return;
      await revokeKey(tx, ctx, row, 'leak');
      publish(tx, {
        type: 'idp.auth.v1.ApiKeyLeaked',
        aggregateId: row.id,
        data: {
          keyId: row.id,
          name: row.name,
          ownerType: keyOwner(row.owner_type),
          ownerId: row.owner_id,
          reportedAt: timestampFromDate(ctx.clock()),
        },
      });
    },
    { global: true },
  );
}
