import { posix } from 'node:path';
import { decodeFile } from '../domain/ingestion/decode-file.ts';
import { ModelError } from '../domain/model/model-error.ts';
import type { SourceReader } from '../operations/sync/source-reader.ts';
import type { DirectoryFiles } from './directory-files.ts';
import type { UrlFiles } from './url-files.ts';

const isUrl = (path: string): boolean => /^https?:\/\//.test(path);

/** A configured directory: every descriptor file in it, and what their Location entities point at, by path or URL. */
export function createDirectoryReader(options: {
  directory: string;
  files: DirectoryFiles;
  urls: UrlFiles;
}): SourceReader {
  const { directory, files, urls } = options;
  return {
    origin: { type: 'file', target: directory },
    authoritative: true,
    list: (signal) => files.list(signal),
    async read(path, readOptions) {
      return isUrl(path) ? urls.read(path, readOptions) : { modified: true, bytes: await files.read(path) };
    },
    locationOf(path) {
      return isUrl(path) ? { type: 'url', target: path } : { type: 'file', target: posix.join(directory, path) };
    },
    resolveTarget(target, from, type) {
      const wanted = type ?? (isUrl(from) || isUrl(target) ? 'url' : 'file');
      if (wanted === 'file' && !isUrl(from)) return files.resolve(target, from);
      if (wanted !== 'url')
        throw new ModelError('target', `a target of type ${wanted} cannot be read`, ['spec', 'type']);
      // Descriptors written for a forge name their neighbours relatively, with `type: url`; here these lie in the directory.
      if (!isUrl(target) && !isUrl(from)) return files.resolve(target, from);
      return urls.resolveTarget(target, from, 'url');
    },
    readInclude(signal) {
      const byUrl = urls.readInclude(signal);
      return async (target, base) => {
        if (isUrl(base) || isUrl(target)) return byUrl(target, base);
        const path = files.resolve(target, base);
        return { text: decodeFile(await files.read(path)), base: path };
      };
    },
  };
}
