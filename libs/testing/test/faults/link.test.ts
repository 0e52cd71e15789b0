import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLink, seededRandom, type Link } from '../../src/faults/index.ts';

let server: Server;
let link: Link;
/** Connections the server has, oldest first; each echoes what it gets. */
let accepted: Socket[];
const sockets: Socket[] = [];

beforeEach(async () => {
  accepted = [];
  server = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.push(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  link = await openLink({ target: (server.address() as AddressInfo).port, seed: 1 });
});

afterEach(async () => {
  for (const socket of [...sockets.splice(0), ...accepted]) socket.destroy();
  await link[Symbol.asyncDispose]();
  server.close();
});

async function connect(): Promise<Socket> {
  const socket = createConnection({ port: link.port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  let received = '';
  while (received.length < text.length) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    received += chunk.toString('utf8');
  }
  return received;
}

/** Long enough for bytes that are free to go; nothing is concluded from how long it takes. */
const pause = () => delay(100, 'nothing');
const errorOf = (socket: Socket) => once(socket, 'error').then(([error]) => (error as NodeJS.ErrnoException).code);

describe('without a fault', () => {
  test('all bytes pass both ways, and the end of one direction leaves the other open', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 100_000 }), { maxLength: 5 }), async (parts) => {
        const socket = await connect();
        for (const part of parts) socket.write(part);
        socket.end();
        expect((await buffer(socket)).equals(Buffer.concat(parts))).toBe(true);
      }),
      { numRuns: 20 },
    );
    await expect.poll(() => link.connections).toBe(0);
  });

  test('a server that is away looks like one', async () => {
    server.close();
    await once(server, 'close');
    const socket = await connect();
    expect(await errorOf(socket)).toBe('ECONNRESET');
  });
});

describe('a cut', () => {
  test('resets what is open, refuses what is new, and heals', async () => {
    const socket = await connect();
    await echo(socket, 'before');
    const broken = errorOf(socket);
    await link.apply({ kind: 'cut' });
    expect(await broken).toBe('ECONNRESET');
    await expect(connect()).rejects.toThrow('ECONNREFUSED');
    await link.heal();
    expect(await echo(await connect(), 'after')).toBe('after');
  });
});

describe('silence', () => {
  test('keeps what was sent until the link heals, on connections that stay open', async () => {
    const socket = await connect();
    await echo(socket, 'before');
    await link.apply({ kind: 'silent' });
    const late = echo(socket, 'meanwhile');
    const fresh = await connect();
    const freshEcho = echo(fresh, 'new');
    expect(await Promise.race([late, freshEcho, once(accepted[0]!, 'data'), pause()])).toBe('nothing');
    expect(accepted).toHaveLength(1);
    await link.heal();
    expect(await late).toBe('meanwhile');
    expect(await freshEcho).toBe('new');
  });

  test('one way: the server hears and cannot be heard', async () => {
    const socket = await connect();
    await echo(socket, 'before');
    await link.apply({ kind: 'silent', direction: 'down' });
    const heard = once(accepted[0]!, 'data');
    const answer = echo(socket, 'hello');
    expect(String((await heard)[0])).toBe('hello');
    expect(await Promise.race([answer, pause()])).toBe('nothing');
    await link.heal();
    expect(await answer).toBe('hello');
  });

  test('hides that a client gave up until the link heals', async () => {
    await link.apply({ kind: 'silent' });
    const socket = await connect();
    socket.destroy();
    await expect.poll(() => link.connections).toBe(1);
    await link.heal();
    await expect.poll(() => link.connections).toBe(0);
  });
});

describe('slowness', () => {
  test('latency holds every piece back, in order, and lets go when it ends', async () => {
    const socket = await connect();
    await link.apply({ kind: 'latency', delayMs: 60_000, jitterMs: 1_000 });
    const answer = echo(socket, 'first second');
    expect(await Promise.race([answer, pause()])).toBe('nothing');
    await link.heal();
    expect(await answer).toBe('first second');
  });

  test('latency with jitter keeps the order of bytes', async () => {
    const socket = await connect();
    await link.apply({ kind: 'latency', delayMs: 10, jitterMs: 10 });
    const sent = Buffer.from(Array.from({ length: 2_000 }, (_, index) => index % 251));
    for (let at = 0; at < sent.length; at += 100) socket.write(sent.subarray(at, at + 100));
    socket.end();
    expect((await buffer(socket)).equals(sent)).toBe(true);
  });

  test('a drip passes a few bytes at a time', async () => {
    const socket = await connect();
    await echo(socket, 'before');
    await link.apply({ kind: 'drip', bytesPerSecond: 10, direction: 'up' });
    socket.write('slowly');
    const [piece] = (await once(accepted[0]!, 'data')) as [Buffer];
    expect(piece.length).toBe(1);
    await link.heal();
    socket.end();
    expect(String(await buffer(socket))).toBe('slowly');
  });
});

describe('resets', () => {
  test('strike at the same pieces for the same seed', async () => {
    async function survived(seed: number): Promise<number[]> {
      await using seeded = await openLink({ target: (server.address() as AddressInfo).port, seed });
      await seeded.apply({ kind: 'reset', probability: 0.2 });
      const counts: number[] = [];
      for (let round = 0; round < 5; round++) {
        const socket = createConnection(seeded.port, '127.0.0.1');
        sockets.push(socket);
        const broken = new Promise<'broken'>((resolve) => socket.once('error', () => resolve('broken')));
        let count = 0;
        while (count < 50 && (await Promise.race([echo(socket, 'x'), broken])) === 'x') count += 1;
        counts.push(count);
        socket.destroy();
      }
      return counts;
    }
    const first = await survived(7);
    expect(await survived(7)).toEqual(first);
    expect(await survived(8)).not.toEqual(first);
  });

  test('can be ordered for all at once', async () => {
    const open = [await connect(), await connect()];
    for (const socket of open) await echo(socket, 'before');
    const broken = open.map(errorOf);
    link.reset();
    expect(await Promise.all(broken)).toEqual(['ECONNRESET', 'ECONNRESET']);
    expect(await echo(await connect(), 'again')).toBe('again');
  });
});

test('the random source repeats itself and fills the range', () => {
  const [first, second] = [seededRandom(3), seededRandom(3)];
  const drawn = Array.from({ length: 10_000 }, () => first());
  expect(Array.from({ length: 10_000 }, () => second())).toEqual(drawn);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...drawn)).toBeLessThan(1);
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  expect(mean).toBeCloseTo(0.5, 1);
});
