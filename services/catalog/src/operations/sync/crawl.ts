import { createHash } from 'node:crypto';
import type { AllowedKind } from '../../domain/ingestion/allowed-kinds.ts';
import { decodeFile } from '../../domain/ingestion/decode-file.ts';
import type { DocumentError } from '../../domain/ingestion/document-error.ts';
import { limits } from '../../domain/ingestion/limits.ts';
import { targetsOf } from '../../domain/ingestion/location-targets.ts';
import { type ProcessedDocument, processFile } from '../../domain/ingestion/process-file.ts';
import type { Entity } from '../../domain/model/entity.ts';
import { formatLocationRef } from '../../domain/model/location-ref.ts';
import { ModelError } from '../../domain/model/model-error.ts';
import type { EntityValidator } from '../../domain/model/validate-entity.ts';
import type { DocumentRow } from '../../store/documents.ts';
import type { FileContent, SourceReader } from './source-reader.ts';

/** What became of one file of a source. */
export type CrawledFile = { path: string; locationRef: string; parentRef: string | undefined } & (
  | { outcome: 'unchanged' }
  | { outcome: 'processed'; blobHash: string; documents: readonly ProcessedDocument[] }
  /** `gone`: known not to exist. Otherwise what was read from it before stays. */
  | { outcome: 'unreadable'; gone: boolean; error: DocumentError | undefined }
);

export interface CrawlResult {
  files: CrawledFile[];
  /** First thing wrong with the targets of a Location entity, by its ref; undefined when all could be read. */
  targetErrors: Map<string, string | undefined>;
  /** Validators by path. */
  validators: Record<string, string>;
}

/** A Location entity stored by an earlier run, for files that have not changed since. */
export interface KnownLocation {
  ref: string;
  locationRef: string;
  entity: Entity;
}

export interface CrawlOptions {
  reader: SourceReader;
  validator: EntityValidator;
  modelVersion: number;
  allowedKinds: readonly AllowedKind[] | undefined;
  documents: readonly DocumentRow[];
  locations: readonly KnownLocation[];
  validators: Readonly<Record<string, string>>;
  /** Location entity the root files are read for. */
  rootParentRef: string | undefined;
  signal: AbortSignal;
}

interface QueuedFile {
  path: string;
  depth: number;
  parentRef: string | undefined;
  optional: boolean;
}

const parallelReads = 8;

/** Reads a source from its root files through all Location entities, each file once. */
export async function crawl(options: CrawlOptions): Promise<CrawlResult> {
  const result: CrawlResult = { files: [], targetErrors: new Map(), validators: {} };
  const documents = Map.groupBy(options.documents, (document) => document.path);
  const seen = new Set<string>();
  const roots = await options.reader.list(options.signal);
  let queue: QueuedFile[] = roots.map((path) => ({
    path,
    depth: 0,
    parentRef: options.rootParentRef,
    optional: false,
  }));
  if (options.rootParentRef !== undefined) result.targetErrors.set(options.rootParentRef, undefined);
  while (queue.length > 0) {
    const next = queue.filter(({ path }) => !seen.has(path) && seen.add(path));
    if (seen.size > limits.filesPerSource) throw new Error(`the source holds more than ${limits.filesPerSource} files`);
    queue = [];
    for (let i = 0; i < next.length; i += parallelReads) {
      options.signal.throwIfAborted();
      const batch = next.slice(i, i + parallelReads);
      const files = await Promise.all(
        batch.map((file) => crawlFile(file, documents.get(file.path) ?? [], options, result)),
      );
      for (const [j, file] of files.entries()) {
        result.files.push(file);
        const queued = batch[j];
        if (queued) queue.push(...childrenOf(file, queued, options, result));
      }
    }
  }
  return result;
}

async function crawlFile(
  file: QueuedFile,
  known: readonly DocumentRow[],
  options: CrawlOptions,
  result: CrawlResult,
): Promise<CrawledFile> {
  const { reader, signal } = options;
  const { path, parentRef } = file;
  const place = { path, parentRef, locationRef: formatLocationRef(reader.locationOf(path)) };
  // A document with includes is read again in any case: they may have changed.
  const settled = known.length > 0 && known.every((row) => row.includes.length === 0 && row.blobHash !== '');
  try {
    const content = await reader.read(path, { signal, validator: settled ? options.validators[path] : undefined });
    if (content.validator !== undefined) result.validators[path] = content.validator;
    if (!content.modified) return { ...place, outcome: 'unchanged' };
    const blobHash = hashBlob(content, options.modelVersion);
    if (settled && known.every((row) => row.blobHash === blobHash)) return { ...place, outcome: 'unchanged' };
    return { ...place, outcome: 'processed', blobHash, documents: await processContent(path, content.bytes, options) };
  } catch (err) {
    if (!(err instanceof ModelError)) throw err;
    return unreadable(place, err, { file, options, result });
  }
}

async function processContent(path: string, bytes: Uint8Array, options: CrawlOptions): Promise<ProcessedDocument[]> {
  const { reader, signal } = options;
  return processFile({
    text: decodeFile(bytes),
    base: path,
    location: reader.locationOf(path),
    origin: reader.origin,
    readInclude: reader.readInclude(signal),
    validator: options.validator,
    modelVersion: options.modelVersion,
    allowedKinds: options.allowedKinds,
  });
}

function hashBlob({ bytes = new Uint8Array() }: FileContent, modelVersion: number): string {
  return createHash('sha256').update(`${modelVersion}\n`).update(bytes).digest('hex');
}

type Place = Pick<CrawledFile, 'path' | 'locationRef' | 'parentRef'>;

function unreadable(
  place: Place,
  err: ModelError,
  { file, options, result }: { file: QueuedFile; options: CrawlOptions; result: CrawlResult },
): CrawledFile {
  const missing = err.reason === 'not-found';
  if (missing && file.optional) return { ...place, outcome: 'unreadable', gone: true, error: undefined };
  if (place.parentRef !== undefined) noteTargetError(result, place.parentRef, err.message);
  const error = { reason: err.reason, message: err.message };
  // A file whose text cannot be read has a beginning all the same.
  const position = err.reason === 'encoding' ? { position: { line: 1, column: 1 } } : {};
  return {
    ...place,
    outcome: 'unreadable',
    gone: missing && options.reader.authoritative,
    error: { ...error, ...position },
  };
}

function noteTargetError(result: CrawlResult, ref: string, message: string): void {
  if (result.targetErrors.get(ref) === undefined) result.targetErrors.set(ref, message);
}

/** Files the Location entities of this file point at. */
function childrenOf(file: CrawledFile, queued: QueuedFile, options: CrawlOptions, result: CrawlResult): QueuedFile[] {
  return locationsIn(file, options).flatMap(({ ref, entity }) => {
    const targets = targetsOf(entity);
    if (!targets) return [];
    result.targetErrors.set(ref, undefined);
    if (queued.depth >= limits.locationDepth) {
      noteTargetError(result, ref, `Location entities may be nested ${limits.locationDepth} levels deep, not more`);
      return [];
    }
    return targets.targets.flatMap((target): QueuedFile[] => {
      try {
        const path = options.reader.resolveTarget(target, file.path, targets.type);
        return [{ path, depth: queued.depth + 1, parentRef: ref, optional: targets.optional }];
      } catch (err) {
        if (!(err instanceof ModelError)) throw err;
        noteTargetError(result, ref, err.message);
        return [];
      }
    });
  });
}

function locationsIn(file: CrawledFile, { locations }: CrawlOptions): { ref: string; entity: Entity }[] {
  if (file.outcome === 'processed') {
    return file.documents.flatMap(({ outcome }) =>
      outcome.ok ? [{ ref: outcome.entity.ref, entity: outcome.entity.entity }] : [],
    );
  }
  return locations.filter((location) => location.locationRef === file.locationRef);
}

export function parseValidators(text: string | null): Record<string, string> {
  return text === null ? {} : (JSON.parse(text) as Record<string, string>);
}
