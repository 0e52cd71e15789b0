import { constants } from 'node:fs';
import { open, readdir, realpath } from 'node:fs/promises';
import { isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import { limits } from '../domain/ingestion/limits.ts';
import { ModelError } from '../domain/model/model-error.ts';

const depthMax = 20;
const skipped = new Set(['.git', 'node_modules']);
const descriptor = /^catalog-info\.ya?ml$/;

/** The files below one directory; nothing outside of it can be named or reached, by `..`, absolute path or link. */
export interface DirectoryFiles {
  /** Paths of all descriptor files, sorted, with `/`. Throws when the directory cannot be read whole. */
  list(signal: AbortSignal): Promise<string[]>;
  /** Throws ModelError `path`, `not-found`, `limit`, `unavailable`. */
  read(path: string): Promise<Buffer>;
  /** Path of `target` named in the file `from`. Throws ModelError `path` when it leads out of the directory. */
  resolve(target: string, from: string): string;
}

export function createDirectoryFiles(directory: string): DirectoryFiles {
  const root = resolve(directory);

  async function collect(folder: string, depth: number, found: string[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (depth > depthMax) throw new Error(`${join(root, folder)} is nested more than ${depthMax} folders deep`);
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    for (const entry of entries) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!skipped.has(entry.name)) await collect(path, depth + 1, found, signal);
      } else if (descriptor.test(entry.name) && (entry.isFile() || entry.isSymbolicLink())) {
        found.push(path);
      }
    }
    if (found.length > limits.filesPerSource)
      throw new Error(`${root} holds more than ${limits.filesPerSource} descriptors`);
  }

  return {
    async list(signal) {
      const found: string[] = [];
      await collect('', 0, found, signal);
      return found.sort();
    },
    async read(path) {
      const real = await realPathOf(root, path);
      return readRegularFile(real, path);
    },
    resolve(target, from) {
      const path = isAbsolute(target) ? target : posix.join(posix.dirname(from), target);
      const below = isAbsolute(path) ? relative(root, path).split(sep).join('/') : path;
      if (below === '..' || below.startsWith('../') || isAbsolute(below) || below === '') {
        throw new ModelError('path', `${target} leads out of the directory`);
      }
      return below;
    },
  };
}

/** The file itself, links followed; it has to lie below the root, whose own links are followed too. */
async function realPathOf(root: string, path: string): Promise<string> {
  try {
    const [realRoot, real] = await Promise.all([realpath(root), realpath(join(root, path))]);
    if (!real.startsWith(realRoot + sep)) throw new ModelError('path', `${path} leads out of the directory`);
    return real;
  } catch (err) {
    throw fileError(path, err);
  }
}

async function readRegularFile(real: string, path: string): Promise<Buffer> {
  try {
    // The path has no links left; one put there meanwhile is not followed, a pipe does not block.
    await using file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile()) throw new ModelError('path', `${path} is not a regular file`);
    if (stats.size > limits.fileBytes)
      throw new ModelError('limit', `${path} is larger than ${limits.fileBytes} bytes`);
    return await file.readFile();
  } catch (err) {
    throw fileError(path, err);
  }
}

function fileError(path: string, err: unknown): unknown {
  if (err instanceof ModelError || !(err instanceof Error) || !('code' in err)) return err;
  if (err.code === 'ENOENT' || err.code === 'ENOTDIR')
    return new ModelError('not-found', `${path} does not exist`, [], { cause: err });
  return new ModelError('unavailable', `${path} cannot be read: ${String(err.code)}`, [], { cause: err });
}
