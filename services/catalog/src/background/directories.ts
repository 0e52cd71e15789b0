import { setTimeout as pause } from 'node:timers/promises';
import { activeTenants, type BackgroundTask } from '@idp/service';
import { watchDirectory } from '../adapters/watch-directory.ts';
import type { CatalogContext } from '../context.ts';
import { ensureDirectorySource } from '../operations/ingest-directory.ts';
import { requestSync } from '../operations/sync/request-sync.ts';

const noTenantYetMs = 200;

/** Keeps the configured directories in the catalog: a full scan at start and from time to time, and after every file event. */
export function watchDirectories(ctx: CatalogContext): BackgroundTask[] {
  return ctx.config.CATALOG_DIRECTORIES.map((directory, i) => ({
    name: `directory-${i + 1}`,
    run: (signal) => keepDirectory(ctx, directory, signal),
  }));
}

async function keepDirectory(ctx: CatalogContext, directory: string, signal: AbortSignal): Promise<void> {
  const tenantId = await directoryTenant(ctx, signal);
  if (tenantId === undefined) return;
  const sourceId = await ensureDirectorySource(ctx, { tenantId, directory });
  const ask = (): Promise<void> =>
    ctx.database.tenant(tenantId).write((tx) => requestSync(tx, sourceId), { unaudited: 'asks for work' });
  const watching = watchDirectory(directory, {
    signal,
    logger: ctx.logger,
    changed: () =>
      void ask().catch((err: unknown) => ctx.logger.warn({ err, sourceId }, 'a scan could not be asked for')),
  });
  while (!signal.aborted) {
    await ask();
    await pause(ctx.config.CATALOG_DIRECTORY_SCAN_SECONDS * 1000, undefined, { signal }).catch(() => undefined);
  }
  await watching;
}

/** Waits for the tenant: it may be created after this service has started. */
async function directoryTenant(ctx: CatalogContext, signal: AbortSignal): Promise<string | undefined> {
  const slug = ctx.config.CATALOG_DIRECTORIES_TENANT;
  while (!signal.aborted) {
    const tenants = await activeTenants(ctx.database);
    const tenant = slug === undefined ? tenants[0] : tenants.find((candidate) => candidate.slug === slug);
    if (tenant) return tenant.tenantId;
    await pause(noTenantYetMs, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
