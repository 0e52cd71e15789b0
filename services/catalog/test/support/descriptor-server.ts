import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A web server whose files a test writes; it stands for where teams keep their descriptors. */
export interface DescriptorServer extends AsyncDisposable {
  /** Without a trailing slash. */
  readonly url: string;
  /** Path → content; a path that is not there is 404. */
  readonly files: Map<string, string>;
}

export async function startDescriptorServer(): Promise<DescriptorServer> {
  const files = new Map<string, string>();
  const server = createServer((req, res) => {
    const content = files.get(req.url ?? '');
    if (content === undefined) res.writeHead(404).end();
    else res.writeHead(200, { 'content-type': 'text/yaml' }).end(content);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    files,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
