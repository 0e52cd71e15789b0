import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A system outside of the platform, which notes what it is told and by which idempotency key. */
export interface Recorder extends AsyncDisposable {
  readonly url: string;
  /** Per transfer the keys it came with; a key that comes again is the same message. */
  readonly keys: ReadonlyMap<string, ReadonlySet<string>>;
  /** Requests that came with a key that was there. */
  readonly repeated: number;
}

export async function startRecorder(): Promise<Recorder> {
  const keys = new Map<string, Set<string>>();
  let repeated = 0;
  const server = createServer((request, response) => {
    void text(request).then(
      (body) => {
        const { transferId } = JSON.parse(body) as { transferId: string };
        const known = keys.get(transferId) ?? new Set();
        keys.set(transferId, known);
        const key = String(request.headers['idempotency-key']);
        if (known.has(key)) repeated += 1;
        known.add(key);
        response.writeHead(204).end();
      },
      () => response.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    get repeated() {
      return repeated;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
