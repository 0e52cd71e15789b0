import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FileServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Path → text, or a status to answer with. */
  readonly files: Map<string, string | number>;
  /** `<path> <status>` of every answer. */
  readonly answers: string[];
}

/** Serves files with an ETag each, as web servers do. */
export async function startFileServer(): Promise<FileServer> {
  const files = new Map<string, string | number>();
  const answers: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const file = files.get(path) ?? 404;
    const etag = typeof file === 'string' ? `"${Buffer.from(file).toString('base64url').slice(-40)}"` : '';
    const status = typeof file === 'number' ? file : request.headers['if-none-match'] === etag ? 304 : 200;
    answers.push(`${path} ${status}`);
    response.writeHead(status, etag === '' ? {} : { etag });
    response.end(status === 200 ? file : '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files,
    answers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
