import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { NotFoundError } from '@idp/errors';
import { acceptsGzip, matchesEtag, type EdgeAnswer, type EdgeHandler, type EdgeRequest } from '../contract.ts';

/** OpenAPI documents of the fleet. Building one is slow, so each is asked for once. */
export interface DocumentSource {
  merged(): Promise<object>;
  /** The document of one service; undefined when there is no such service. */
  service(name: string): Promise<object | undefined>;
}

interface Representation {
  etag: string;
  type: string;
  plain: Buffer;
  gzipped: Buffer;
}

const compress = promisify(gzip);
const servicePath = /^\/api\/openapi\/([a-z0-9-]+)\.json$/;

/** Handlers of `/api/openapi.json`, `/api/openapi.yaml` and `/api/openapi/{service}.json`; undefined for other paths. */
export function openapiHandlers(source: DocumentSource): (path: string) => EdgeHandler | undefined {
  const ready = new Map<string, Promise<Representation>>();
  const serve = (path: string, build: () => Promise<Representation>): EdgeHandler => {
    return async (request) => {
      let representation = ready.get(path);
      if (representation === undefined) {
        representation = build();
        ready.set(path, representation);
        representation.catch(() => ready.delete(path));
      }
      return answer(request, await representation);
    };
  };
  return (path) => {
    if (path === '/api/openapi.json') return serve(path, async () => asJson(await source.merged()));
    if (path === '/api/openapi.yaml') return serve(path, async () => asYaml(await source.merged()));
    const name = servicePath.exec(path)?.[1];
    return name === undefined ? undefined : serve(path, async () => asJson(await known(source, name)));
  };
}

async function known(source: DocumentSource, name: string): Promise<object> {
  const document = await source.service(name);
  if (document === undefined) throw new NotFoundError('there is no such service');
  return document;
}

async function asJson(document: object): Promise<Representation> {
  return represent(JSON.stringify(document), 'application/json; charset=utf-8');
}

async function asYaml(document: object): Promise<Representation> {
  const { stringify } = await import('yaml');
  return represent(stringify(document, { aliasDuplicateObjects: false }), 'application/yaml; charset=utf-8');
}

async function represent(text: string, type: string): Promise<Representation> {
  const plain = Buffer.from(text);
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return { etag, type, plain, gzipped: await compress(plain) };
}

function answer(request: EdgeRequest, { etag, type, plain, gzipped }: Representation): EdgeAnswer {
  const headers = { 'content-type': type, 'cache-control': 'no-cache', vary: 'Accept-Encoding' };
  const zipped = acceptsGzip(request);
  // One tag per encoding, or a cache could answer with bytes the client cannot read (RFC 9110 §8.8.3.3).
  const tag = zipped ? etag.replace(/"$/, '-gz"') : etag;
  if (matchesEtag(request, tag)) return { status: 304, headers: { ...headers, etag: tag }, body: '' };
  if (!zipped) return { status: 200, headers: { ...headers, etag: tag }, body: plain };
  return { status: 200, headers: { ...headers, etag: tag, 'content-encoding': 'gzip' }, body: gzipped };
}
