import { once } from 'node:events';
import { createConnection } from 'node:net';
import { expect, test } from 'vitest';
import { testRedis } from '../../src/index.ts';

const { url, prefix } = await testRedis();

test('every caller gets the same Redis and a prefix of its own', async () => {
  const second = await testRedis();
  expect(second.url).toBe(url);
  expect(second.prefix).not.toBe(prefix);
  const { hostname, port } = new URL(url);
  const socket = createConnection(Number(port), hostname);
  socket.write('PING\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^(\+PONG|-NOAUTH)/);
  socket.destroy();
});
