import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '@idp/tools';
import type { Fault } from './fault.ts';
import { carry, type FlowState } from './flow.ts';
import { seededRandom } from './random.ts';

export interface LinkOptions {
  /** Where connections lead: a port of 127.0.0.1, or the path of a socket. */
  target: number | string;
  /** Default: a free one. */
  port?: number;
  /** Of jitter and resets. */
  seed?: number;
}

/** A TCP way to a server on which faults can be laid. */
export interface Link extends AsyncDisposable {
  /** Port of 127.0.0.1 that clients connect to. */
  readonly port: number;
  /** Connections that are open. */
  readonly connections: number;
  /** Replaces the fault that is there; resolves when it holds. */
  apply(fault: Fault): Promise<void>;
  /** Everything passes again. */
  heal(): Promise<void>;
  /** Resets every open connection, once. */
  reset(): void;
}

interface Pair {
  client: Socket;
  server: Socket | undefined;
}

/** Opens a link. Without a fault it passes bytes and half-closes unchanged. */
export async function openLink({ target, port, seed = 1 }: LinkOptions): Promise<Link> {
  const own = port ?? (await freePort());
  const pairs = new Set<Pair>();
  const state: FlowState = { fault: undefined, random: seededRandom(seed), changed: new AbortController() };
  let listener: Server | undefined = await listen(own, (client) => void serve(client));

  async function serve(client: Socket): Promise<void> {
    const pair: Pair = { client, server: undefined };
    pairs.add(pair);
    const reset = () => resetPair(pair, target);
    const forget = () => pairs.delete(pair);
    client.on('error', reset).once('close', forget);
    // The kernel has accepted it; in silence it leads nowhere until somebody changes that.
    while (state.fault?.kind === 'silent' && !client.destroyed) {
      await Promise.race([once(state.changed.signal, 'abort'), once(client, 'close')]);
    }
    if (client.destroyed) return;
    const place = typeof target === 'number' ? { port: target, host: '127.0.0.1' } : { path: target };
    const server = createConnection({ ...place, allowHalfOpen: true, noDelay: true });
    pair.server = server;
    server.on('error', reset);
    await Promise.all([
      carry({ from: client, to: server, direction: 'up', state, reset }),
      carry({ from: server, to: client, direction: 'down', state, reset }),
    ]);
  }

  function resetAll(): void {
    for (const pair of pairs) resetPair(pair, target);
  }

  async function become(fault: Fault | undefined): Promise<void> {
    state.fault = fault;
    const { changed } = state;
    state.changed = new AbortController();
    changed.abort();
    if (fault?.kind === 'cut') {
      const closing = listener;
      listener = undefined;
      resetAll();
      if (closing !== undefined) await close(closing);
      return;
    }
    listener ??= await listen(own, (client) => void serve(client));
  }

  return {
    port: own,
    get connections() {
      return pairs.size;
    },
    apply: become,
    heal: () => become(undefined),
    reset: resetAll,
    async [Symbol.asyncDispose]() {
      await become({ kind: 'cut' });
    },
  };
}

/** RST instead of FIN: the other side learns at its next read or write that the connection broke. */
function resetPair({ client, server }: Pair, target: LinkOptions['target']): void {
  client.resetAndDestroy();
  // A socket of the file system knows no RST.
  if (typeof target === 'string') server?.destroy();
  else server?.resetAndDestroy();
}

async function listen(port: number, onConnection: (client: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, onConnection);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  await closed;
}
