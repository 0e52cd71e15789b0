import type { ReadInclude } from '../../domain/ingestion/placeholders.ts';
import type { LocationRef } from '../../domain/model/location-ref.ts';

/** A file as read, or the word that it is still the one of the validator given. */
export type FileContent =
  | { modified: true; bytes: Uint8Array; validator?: string }
  | { modified: false; bytes?: undefined; validator?: string };

/**
 * Where the files of one source come from. Paths name files within the source: below the directory, or URLs.
 * What may not or cannot be read is thrown as ModelError: `not-found`, `unavailable`, `url-not-allowed`, `path`, `limit`.
 */
export interface SourceReader {
  /** The registered place; becomes backstage.io/managed-by-origin-location. */
  readonly origin: LocationRef;
  /** True where a missing file is known to be gone, and not merely not to be had now. */
  readonly authoritative: boolean;
  /** The root files, all of them; whatever keeps the listing from being complete is thrown. */
  list(signal: AbortSignal): Promise<string[]>;
  read(path: string, options: { signal: AbortSignal; validator?: string | undefined }): Promise<FileContent>;
  /** As in backstage.io/managed-by-location. */
  locationOf(path: string): LocationRef;
  /** Path of a target of a Location entity read from `from`; `type` is the one the entity names. */
  resolveTarget(target: string, from: string, type: string | undefined): string;
  readInclude(signal: AbortSignal): ReadInclude;
}
