import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { summarizeCatalog, type CatalogContext, type CatalogSummary } from '@idp/catalog-service';
import { activeTenants } from '@idp/service';

const lookEveryMs = 100;

/**
 * What the first tenant's catalog holds once every directory has been read since `since`, or what it holds after `waitMs`.
 * Undefined while no tenant has reached the catalog.
 */
export async function awaitIngestion(
  ctx: CatalogContext,
  options: { directories: readonly string[]; since: Date; waitMs: number; signal: AbortSignal },
): Promise<(CatalogSummary & { complete: boolean }) | undefined> {
  const wanted = options.directories.map((directory) => resolve(directory));
  const deadline = performance.now() + options.waitMs;
  for (;;) {
    const [tenant] = await activeTenants(ctx.database);
    const summary = tenant && (await summarizeCatalog(ctx, { tenantId: tenant.tenantId }));
    const complete = summary !== undefined && wanted.every((directory) => wasRead(summary, directory, options.since));
    if (complete || performance.now() > deadline || options.signal.aborted) return summary && { ...summary, complete };
    await pause(lookEveryMs, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

function wasRead(summary: CatalogSummary, directory: string, since: Date): boolean {
  const state = summary.directories.find((known) => known.directory === directory);
  return state?.lastSyncedAt != null && new Date(state.lastSyncedAt) >= since;
}
