import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

/** A system outside of the platform, which notes what it is told and by which idempotency key. */
export interface Recorder extends AsyncDisposable {
  readonly url: string;
  /** Per transfer the keys it came with; a key that comes again is the same message. */
  readonly keys: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Long enough that some job is under way whenever something strikes. */
const answerMs = 100;

export async function startRecorder(): Promise<Recorder> {
  const keys = new Map<string, Set<string>>();
  const server = createServer((request, response) => {
    const answer = async () => {
      const { transferId } = JSON.parse(await text(request)) as { transferId: string };
      const known = keys.get(transferId) ?? new Set();
      keys.set(transferId, known);
      known.add(String(request.headers['idempotency-key']));
      await delay(answerMs);
      response.writeHead(204).end();
    };
    answer().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
