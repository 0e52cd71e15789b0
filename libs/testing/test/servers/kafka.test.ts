import { once } from 'node:events';
import { createConnection } from 'node:net';
import { expect, test } from 'vitest';
import { testKafka } from '../../src/index.ts';

const { brokers } = await testKafka();

test('every file of the run gets the same Kafka, which accepts connections', async () => {
  expect(await testKafka()).toEqual({ brokers });
  for (const address of brokers.split(',')) {
    const { hostname, port } = new URL(`kafka://${address}`);
    const socket = createConnection(Number(port), hostname);
    await once(socket, 'connect');
    socket.destroy();
  }
});
