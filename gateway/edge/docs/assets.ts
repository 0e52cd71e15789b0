import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { NotFoundError } from '@idp/errors';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { acceptsGzip, type EdgeHandler } from '../contract.ts';
import { readScalarBundle } from './scalar-bundle.ts';

/** Files of the documentation pages under names that hold their content's hash, so that they can be cached for ever. */
export interface Assets {
  /** Address of each named file. */
  urls(names: readonly string[]): Promise<Record<string, string>>;
  /** Serves `/docs/assets/<name>.<hash>.<ending>`; undefined for paths outside. */
  handler(path: string): EdgeHandler | undefined;
}

interface Asset {
  url: string;
  type: string;
  /** Kept compressed: the two viewers are 6 MB as they are. */
  gzipped: Buffer;
}

const folder = '/docs/assets/';
const compress = promisify(gzip);
const decompress = promisify(gunzip);
const contentTypes: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  png: 'image/png',
};

export function createAssets(): Assets {
  const loading = new Map<string, Promise<Asset>>();
  const load = (name: string): Promise<Asset> => {
    let asset = loading.get(name);
    if (asset === undefined) {
      asset = loadAsset(name);
      loading.set(name, asset);
      asset.catch(() => loading.delete(name));
    }
    return asset;
  };
  return {
    async urls(names) {
      const assets = await Promise.all(names.map(load));
      return Object.fromEntries(names.map((name, index) => [name, assets[index]!.url]));
    },
    handler(path) {
      const name = nameOf(path);
      if (name === undefined || sources[name] === undefined) return undefined;
      return async (request) => {
        const { url, type, gzipped } = await load(name);
        if (url !== path) throw new NotFoundError('there is nothing at this path');
        const headers = {
          'content-type': type,
          'cache-control': 'public, max-age=31536000, immutable',
          vary: 'Accept-Encoding',
        };
        if (!acceptsGzip(request)) return { status: 200, headers, body: await decompress(gzipped) };
        return { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: gzipped };
      };
    },
  };
}

const ownFile = (name: string) => () => readFile(new URL(`browser/${name}`, import.meta.url));
const swaggerFile = (name: string) => () => {
  const entry = createRequire(import.meta.url).resolve('@fastify/swagger-ui');
  return readFile(join(dirname(entry), 'static', name));
};

const sources: Readonly<Record<string, () => Promise<Buffer>>> = {
  'scalar.js': readScalarBundle,
  'scalar-start.js': ownFile('scalar-start.js'),
  'swagger-ui.css': swaggerFile('swagger-ui.css'),
  'swagger-ui-bundle.js': swaggerFile('swagger-ui-bundle.js'),
  'swagger-start.js': ownFile('swagger-start.js'),
  'errors.css': ownFile('errors.css'),
  'favicon.png': swaggerFile('favicon-32x32.png'),
};

async function loadAsset(name: string): Promise<Asset> {
  const content = await sources[name]!();
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const [, stem, ending] = /^(.+)\.(\w+)$/.exec(name)!;
  return { url: `${folder}${stem}.${hash}.${ending}`, type: contentTypes[ending!]!, gzipped: await compress(content) };
}

function nameOf(path: string): string | undefined {
  const match = /^([a-z-]+)\.[0-9a-f]{12}\.([a-z]+)$/.exec(path.startsWith(folder) ? path.slice(folder.length) : '');
  return match === null ? undefined : `${match[1]}.${match[2]}`;
}
