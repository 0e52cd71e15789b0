import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A file server for typed addresses: `/<canary>/<name>.yaml` is a descriptor of a component of that name. */
export interface Sources extends AsyncDisposable {
  urlOf(canary: string, name: string): string;
}

export async function startSources(): Promise<Sources> {
  const server = createServer((request, response) => {
    const [, canary = '', name = ''] = /^\/([^/]+)\/([^/]+)\.yaml$/.exec(request.url ?? '') ?? [];
    response.statusCode = name === '' ? 404 : 200;
    response.end(descriptor(name, canary));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: (canary, name) => `http://127.0.0.1:${port}/${canary}/${name}.yaml`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function descriptor(name: string, canary: string): string {
  return [
    'apiVersion: backstage.io/v1alpha1',
    'kind: Component',
    'metadata:',
    `  name: ${name}`,
    `  description: a text of ${canary}`,
    'spec:',
    '  type: service',
    '  lifecycle: production',
    '  owner: guests',
    '',
  ].join('\n');
}
