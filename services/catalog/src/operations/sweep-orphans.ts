import type { CatalogContext } from '../context.ts';
import { listExpiredOrphans } from '../store/claims.ts';
import { commitClaims } from './commit/commit-claims.ts';
import { catalogActor } from './sync/sync-source.ts';

const batchSize = 250;

/** Deletes the entities whose last descriptor has been gone for longer than the grace time; returns how many. */
export async function sweepOrphans(
  ctx: Pick<CatalogContext, 'database' | 'validator' | 'config'>,
  tenantId: string,
): Promise<number> {
  const door = ctx.database.tenant(tenantId);
  const grace = ctx.config.CATALOG_ORPHAN_GRACE_SECONDS;
  const waiting = await door.read((tx) => listExpiredOrphans(tx, grace, 1));
  if (waiting.length === 0) return 0;
  return door.write(async (tx) => {
    const orphans = await listExpiredOrphans(tx, grace, batchSize);
    const { changes } = await commitClaims(tx, {
      upserts: [],
      removals: orphans.map(({ ref, sourceId, locationRef }) => ({ ref, sourceId, locationRef })),
      cause: 'orphan',
      actor: catalogActor,
      keepOrphans: false,
      validator: ctx.validator,
    });
    const refs = changes.map((change) => change.ref);
    tx.audit({ action: 'catalog:orphans:delete', resourceType: 'tenant', resourceId: tenantId, after: { refs } });
    return changes.length;
  });
}
