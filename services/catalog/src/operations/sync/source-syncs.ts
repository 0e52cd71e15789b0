import { createDirectoryFiles } from '../../adapters/directory-files.ts';
import { createDirectoryReader } from '../../adapters/directory-reader.ts';
import { createUrlFiles } from '../../adapters/url-files.ts';
import { createUrlReader } from '../../adapters/url-reader.ts';
import type { BackgroundRunner } from '@idp/service';
import type { CatalogContext } from '../../context.ts';
import { parseLocationRef } from '../../domain/model/location-ref.ts';
import { type SourceRow, findSource } from '../../store/sources.ts';
import type { SourceReader } from './source-reader.ts';
import { type SyncDeps, type SyncReport, syncSource } from './sync-source.ts';

/** Runs of sources in this process: one active and at most one waiting per source, so ten requests cost two runs. */
export interface SourceSyncs {
  /** Runs the source and answers when a run that began after this call has ended. */
  run(tenantId: string, sourceId: string, signal: AbortSignal): Promise<SyncReport>;
  /** The same without waiting; failures are logged. */
  request(tenantId: string, sourceId: string): void;
  /** Reader of a source as it is stored; undefined for sources that are not read. */
  readerOf(tenantId: string, source: Pick<SourceRow, 'kind' | 'name'>): SourceReader | undefined;
}

export type SourceSyncsDeps = SyncDeps & Pick<CatalogContext, 'egress'> & { background: BackgroundRunner };

interface Lane {
  /** Resolves when the active run has ended, well or badly. */
  ended: Promise<void>;
  waiting: Promise<SyncReport> | undefined;
}

export function createSourceSyncs(deps: SourceSyncsDeps): SourceSyncs {
  const lanes = new Map<string, Lane>();

  function readerOf(tenantId: string, { kind, name }: Pick<SourceRow, 'kind' | 'name'>): SourceReader | undefined {
    const urls = createUrlFiles({ egress: deps.egress, tenantId, includeHosts: deps.config.CATALOG_INCLUDE_HOSTS });
    if (kind === 'directory')
      return createDirectoryReader({ directory: name, files: createDirectoryFiles(name), urls });
    if (kind === 'location') return createUrlReader(urls, parseLocationRef(name));
    return undefined;
  }

  async function runNow(tenantId: string, sourceId: string, signal: AbortSignal): Promise<SyncReport> {
    const source = await deps.database.tenant(tenantId).read((tx) => findSource(tx, sourceId));
    const reader = source && readerOf(tenantId, source);
    if (!reader) {
      return { outcome: 'gone', files: 0, refused: 0, created: 0, updated: 0, deleted: 0, orphaned: 0, shadowed: 0 };
    }
    return syncSource(deps, { tenantId, sourceId, reader, signal });
  }

  function run(tenantId: string, sourceId: string, signal: AbortSignal): Promise<SyncReport> {
    const key = `${tenantId} ${sourceId}`;
    const lane = lanes.get(key);
    if (lane) return (lane.waiting ??= lane.ended.then(() => begin(key, tenantId, sourceId, signal)));
    return begin(key, tenantId, sourceId, signal);
  }

  function begin(key: string, tenantId: string, sourceId: string, signal: AbortSignal): Promise<SyncReport> {
    const report = runNow(tenantId, sourceId, signal);
    const lane: Lane = { ended: Promise.resolve(), waiting: undefined };
    const leave = (): void => {
      if (lane.waiting === undefined) lanes.delete(key);
    };
    lane.ended = report.then(leave, leave);
    lanes.set(key, lane);
    return report;
  }

  return {
    run,
    readerOf,
    request(tenantId, sourceId) {
      deps.background.run('sync-source', async (signal) => void (await run(tenantId, sourceId, signal)));
    },
  };
}
