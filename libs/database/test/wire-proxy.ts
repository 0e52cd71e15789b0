import { once } from 'node:events';
import net from 'node:net';
import pg from 'pg';

/** A TCP proxy in front of PostgreSQL that sees who speaks when. */
export interface WireProxy extends AsyncDisposable {
  url: string;
  /** Times the client spoke after the server had, since `reset`: round trips begun. */
  roundTrips(): number;
  reset(): void;
  /** From now on drops both sockets as soon as the client's bytes contain `text`; the bytes still reach the server. */
  cutAfterSending(text: string): void;
  /** Drops both sockets before bytes with `text` reach the server. */
  cutBeforeSending(text: string): void;
  connections(): number;
}

export async function startWireProxy(target: string): Promise<WireProxy> {
  const { host, port } = new pg.Client({ connectionString: target });
  const address = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  let speaker: 'client' | 'server' = 'server';
  let turns = 0;
  let cut: { text: string; deliver: boolean } | undefined;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(address);
    let draining = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        if (!draining) upstream.destroy();
      });
    }
    client.on('data', (data) => {
      if (speaker === 'server') turns += 1;
      speaker = 'client';
      if (cut === undefined || !data.includes(cut.text)) return void upstream.write(data);
      const { deliver } = cut;
      cut = undefined;
      draining = deliver;
      client.destroy();
      // Half-close: the server reads everything, commits, and finds nobody to tell.
      if (deliver) upstream.end(data);
      else upstream.destroy();
    });
    upstream.on('data', (data) => {
      speaker = 'server';
      if (client.writable) client.write(data);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.searchParams.delete('host');
  url.searchParams.delete('port');
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as net.AddressInfo).port);
  return {
    url: url.href,
    roundTrips: () => turns,
    reset() {
      turns = 0;
      speaker = 'server';
    },
    cutAfterSending: (text) => void (cut = { text, deliver: true }),
    cutBeforeSending: (text) => void (cut = { text, deliver: false }),
    connections: () => sockets.size / 2,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close').catch(() => undefined);
    },
  };
}
