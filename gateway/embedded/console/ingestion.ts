import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { summarizeCatalog, type CatalogContext, type CatalogSummary } from '@idp/catalog-service';
import { activeTenants } from '@idp/service';

const lookEveryMs = 100;

type Ingested = CatalogSummary & { complete: boolean };

interface IngestionOptions {
  directories: readonly string[];
  since: Date;
  waitMs: number;
  signal: AbortSignal;
}

/**
 * What the first tenant's catalog holds once every directory has been read since `since`, or what it holds after `waitMs`.
 * Undefined while no tenant has reached the catalog, and when `signal` ends it.
 */
export async function awaitIngestion(ctx: CatalogContext, options: IngestionOptions): Promise<Ingested | undefined> {
  try {
    return await lookOften(ctx, options);
  } catch (error) {
    // The host that stops takes the database away in the middle of a look.
    if (options.signal.aborted) return undefined;
    throw error;
  }
}

async function lookOften(ctx: CatalogContext, options: IngestionOptions): Promise<Ingested | undefined> {
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
