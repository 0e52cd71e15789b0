import type { Egress, EgressResponse } from '@idp/egress';
import { AppError } from '@idp/errors';
import { decodeFile } from '../domain/ingestion/decode-file.ts';
import { limits } from '../domain/ingestion/limits.ts';
import { isSameHost, rawContentUrl, resolveWebUrl } from '../domain/ingestion/web-url.ts';
import { ModelError } from '../domain/model/model-error.ts';
import type { FileContent, SourceReader } from '../operations/sync/source-reader.ts';

/** Reads files by URL for one tenant, and what they include. */
export interface UrlFiles extends Pick<SourceReader, 'read' | 'resolveTarget' | 'readInclude'> {}

export interface UrlFilesOptions {
  egress: Pick<Egress, 'fetch'>;
  tenantId: string;
  /** Hosts that placeholders may name beside the document's own. */
  includeHosts: readonly string[];
}

export function createUrlFiles({ egress, tenantId, includeHosts }: UrlFilesOptions): UrlFiles {
  async function get(url: string, signal: AbortSignal, validator?: string): Promise<EgressResponse> {
    try {
      const headers = {
        accept: 'text/plain, application/yaml, */*',
        ...(validator ? { 'if-none-match': validator } : {}),
      };
      const options = { class: 'fetch', tenantId, purpose: 'catalog file', signal } as const;
      return await egress.fetch(rawContentUrl(url), { headers }, options);
    } catch (err) {
      throw unreadable(url, err);
    }
  }

  return {
    async read(path, { signal, validator }): Promise<FileContent> {
      const response = await get(path, signal, validator);
      const newValidator = response.headers['etag'];
      const known = newValidator === undefined ? {} : { validator: newValidator };
      if (response.status === 304) return { modified: false, ...(validator === undefined ? {} : { validator }) };
      return { modified: true, bytes: bodyOf(path, response), ...known };
    },
    resolveTarget(target, from, type) {
      if (type !== undefined && type !== 'url') {
        throw new ModelError('target', `a target of type ${type} cannot be read from a URL`, ['spec', 'type']);
      }
      return resolveUrl(target, from);
    },
    readInclude: (signal) => async (target, base) => {
      const url = resolveUrl(target, base);
      const sameHost = URL.canParse(base) && isSameHost(url, base);
      if (!sameHost && !includeHosts.includes(new URL(url).host)) {
        throw new ModelError(
          'include',
          `${url} is neither on the host of the document nor on one that may be included`,
        );
      }
      const text = decodeFile(bodyOf(url, await get(url, signal)));
      return { text, base: url };
    },
  };
}

function resolveUrl(target: string, base: string): string {
  try {
    return resolveWebUrl(target, base);
  } catch (err) {
    throw new ModelError('target', `${target} is not a URL`, [], { cause: err });
  }
}

function bodyOf(url: string, { status, body }: EgressResponse): Buffer {
  if (status === 404 || status === 410) throw new ModelError('not-found', `${url} does not exist`);
  if (status !== 200) throw new ModelError('unavailable', `${url} answered with status ${status}`);
  if (body.byteLength > limits.fileBytes)
    throw new ModelError('limit', `${url} is larger than ${limits.fileBytes} bytes`);
  return body;
}

/** What the guard refuses and what the network denies are documents in error; anything else is a fault of ours. */
function unreadable(url: string, err: unknown): unknown {
  if (err instanceof TypeError && err.message.includes('URL')) {
    return new ModelError('target', `${url} is not a URL`, [], { cause: err });
  }
  if (!(err instanceof AppError)) return err;
  const reason = err.code === 'URL_NOT_ALLOWED' ? 'url-not-allowed' : 'unavailable';
  return new ModelError(reason, `${url} could not be read: ${err.message}`, [], { cause: err });
}
