import type { LocationRef } from '../domain/model/location-ref.ts';
import type { SourceReader } from '../operations/sync/source-reader.ts';
import type { UrlFiles } from './url-files.ts';

/** A registered URL: one root file, and what its Location entities point at. */
export function createUrlReader(files: UrlFiles, origin: LocationRef): SourceReader {
  return {
    ...files,
    origin,
    authoritative: false,
    list: () => Promise.resolve([origin.target]),
    locationOf: (path) => ({ type: 'url', target: path }),
  };
}
