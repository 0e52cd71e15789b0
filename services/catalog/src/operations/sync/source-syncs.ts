import { createDirectoryFiles } from '../../adapters/directory-files.ts';
import { createDirectoryReader } from '../../adapters/directory-reader.ts';
import { createUrlFiles } from '../../adapters/url-files.ts';
import { createUrlReader } from '../../adapters/url-reader.ts';
import type { CatalogContext } from '../../context.ts';
import { parseLocationRef } from '../../domain/model/location-ref.ts';
import { type SourceRow, findSource } from '../../store/sources.ts';
import type { SourceReader } from './source-reader.ts';
import { type SyncDeps, type SyncInput, type SyncReport, type SyncWrite, syncSource } from './sync-source.ts';

/** Runs of sources in this process: one active and at most one waiting per source, so ten requests cost two runs. */
export interface SourceSyncs {
  /** Runs the source and answers when a run that began after this call has ended. `write` stands in for the tenant's door. */
  run(tenantId: string, sourceId: string, signal: AbortSignal, write?: SyncWrite): Promise<SyncReport>;
  /** Reader of a source as it is stored; undefined for sources that are not read. */
  readerOf(tenantId: string, source: Pick<SourceRow, 'kind' | 'name'>): SourceReader | undefined;
}

export type SourceSyncsDeps = SyncDeps & Pick<CatalogContext, 'egress'>;

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

  async function runNow({ tenantId, sourceId, ...run }: Omit<SyncInput, 'reader'>): Promise<SyncReport> {
    const source = await deps.database.tenant(tenantId).read((tx) => findSource(tx, sourceId));
    const reader = source && readerOf(tenantId, source);
    if (!reader) {
      return { outcome: 'gone', files: 0, refused: 0, created: 0, updated: 0, deleted: 0, orphaned: 0, shadowed: 0 };
    }
    return syncSource(deps, { tenantId, sourceId, reader, ...run });
  }

  function run(input: Omit<SyncInput, 'reader'>): Promise<SyncReport> {
    const key = `${input.tenantId} ${input.sourceId}`;
    const lane = lanes.get(key);
    if (lane) return (lane.waiting ??= lane.ended.then(() => begin(key, input)));
    return begin(key, input);
  }

  function begin(key: string, input: Omit<SyncInput, 'reader'>): Promise<SyncReport> {
    const report = runNow(input);
    const lane: Lane = { ended: Promise.resolve(), waiting: undefined };
    const leave = (): void => {
      if (lane.waiting === undefined) lanes.delete(key);
    };
    lane.ended = report.then(leave, leave);
    lanes.set(key, lane);
    return report;
  }

  return {
    run: (tenantId, sourceId, signal, write) =>
      run({ tenantId, sourceId, signal, ...(write !== undefined && { write }) }),
    readerOf,
  };
}
