import { setTimeout as pause } from 'node:timers/promises';
import type { AccessHead } from '@idp/auth';
import type { BackgroundTask } from '@idp/service';
import { publishRecords } from '../access/snapshot.ts';
import type { AuthContext } from '../context.ts';
import { findAccessHead, listAccessShards } from '../store/access/snapshot.ts';

/** Longer than a head is on its way to the bus and back. */
const lookEveryMs = 5_000;

/** A bus that is new, was emptied, or holds an older head last gets what the database has. */
export function republishAccess(
  ctx: Pick<AuthContext, 'access' | 'database' | 'logger' | 'published'>,
): BackgroundTask {
  return {
    name: 'republish-access',
    async run(signal) {
      while (!signal.aborted) {
        for (const tenantId of ctx.published.missing(ctx.access.snapshot.store)) {
          signal.throwIfAborted();
          ctx.logger.warn({ tenantId }, 'the access snapshot of a tenant is not on the bus: it is published again');
          await republish(ctx, tenantId);
        }
        await pause(lookEveryMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** Head and shards of one moment; what is committed meanwhile is read on the bus afterwards and compared again. */
export async function republish({ database }: Pick<AuthContext, 'database'>, tenantId: string): Promise<void> {
  await database.tenant(tenantId).write(
    async (tx) => {
      const [signed, shards] = await Promise.all([findAccessHead(tx), listAccessShards(tx)]);
      if (signed === undefined) return;
      publishRecords(tx, { head: JSON.parse(signed.payload) as AccessHead, signed, shards });
    },
    { isolation: 'repeatable read', unaudited: 'nothing has changed' },
  );
}
