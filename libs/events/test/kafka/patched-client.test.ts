import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';

// The parts of kafkajs that patches/kafkajs@2.2.4.patch repairs: a leader that moves in the middle of one send, and sockets
// that end in the middle of an answer.
const require = createRequire(new URL('../../package.json', import.meta.url));
const createSendMessages = require('kafkajs/src/producer/sendMessages') as (
  parts: object,
) => (request: object) => Promise<unknown[]>;
const createRetry = require('kafkajs/src/retry') as (settings: object) => unknown;
const { KafkaJSProtocolError } = require('kafkajs/src/errors') as {
  KafkaJSProtocolError: new (error: object) => Error;
};
const Connection = require('kafkajs/src/network/connection') as new (options: object) => Connection;
const ApiVersions = require('kafkajs/src/protocol/requests/apiVersions') as {
  protocol(options: { version: number }): () => object;
};

interface Connection {
  connect(): Promise<void>;
  send(request: object): Promise<{ apiVersions: unknown[] }>;
  disconnect(): Promise<void>;
}

const silent = () => undefined;
const logger = { debug: silent, error: silent, namespace: () => logger };

interface ProduceRequest {
  topicData: { topic: string; partitions: { partition: string; messages: { value: string }[] }[] }[];
}

it('sends again what the old leader refused, also when the new leader has answered already', async () => {
  const leaders = new Map([
    ['0', '1'],
    ['1', '2'],
  ]);
  const log: string[] = [];
  const brokers: Record<string, object> = {
    1: {
      nodeId: '1',
      async produce({ topicData }: ProduceRequest) {
        const topics = topicData.map(({ topic, partitions }) => ({ topicName: topic, partitions }));
        log.push(
          ...topicData.flatMap(({ partitions }) =>
            partitions.flatMap(({ messages }) => messages.map(({ value }) => value)),
          ),
        );
        return { topics };
      },
    },
    2: {
      nodeId: '2',
      async produce() {
        throw new KafkaJSProtocolError({
          message: 'moved',
          type: 'NOT_LEADER_FOR_PARTITION',
          code: 6,
          retriable: true,
        });
      },
    },
  };
  const nothing = async (): Promise<void> => undefined;
  const cluster = {
    refreshMetadataIfNecessary: nothing,
    addMultipleTargetTopics: nothing,
    isConnected: () => true,
    findTopicPartitionMetadata: () => [{ partitionId: 0 }, { partitionId: 1 }],
    findLeaderForPartitions: (_: string, partitions: string[]) =>
      Object.fromEntries(Map.groupBy(partitions, (partition) => leaders.get(partition)!)),
    findBroker: async ({ nodeId }: { nodeId: string }) => brokers[nodeId],
    async refreshMetadata() {
      leaders.set('1', '1');
    },
  };
  const eosManager = {
    acquireBrokerLock: nothing,
    releaseBrokerLock: nothing,
    isTransactional: () => false,
    getSequence: () => 0,
    updateSequence: () => undefined,
    getProducerId: () => -1,
    getProducerEpoch: () => 0,
  };
  const send = createSendMessages({
    cluster,
    eosManager,
    logger,
    partitioner: ({ message }: { message: { partition: number } }) => message.partition,
    retrier: createRetry({ retries: 3, initialRetryTime: 1, maxRetryTime: 1 }),
  });
  const messages = [0, 1].map((partition) => ({ partition, value: `to ${partition}` }));
  await send({ acks: -1, topicMessages: [{ topic: 'things', messages }] });
  expect(log).toEqual(['to 0', 'to 1']);
});

it('begins each socket with an empty buffer, so that half an answer does not run into the next', async () => {
  const broker = await openBroker((socket, request, nth) => {
    const answer = emptyVersions(request);
    if (nth > 1) return void socket.write(answer);
    // All but the last two bytes; with them the next answer's length would read as nonsense.
    socket.write(answer.subarray(0, -2), () => socket.resetAndDestroy());
  });
  await expect(broker.connection.send(ApiVersions.protocol({ version: 0 })())).rejects.toThrow();
  await broker.connection.connect();
  expect(await broker.connection.send(ApiVersions.protocol({ version: 0 })())).toMatchObject({ apiVersions: [] });
});

it('hears nothing more of a socket it has given up', async () => {
  let left: Socket | undefined;
  const broker = await openBroker((socket, request, nth) => {
    if (nth === 1) left = socket;
    // The first socket still speaks, and ends, while the second is in use.
    else left?.end(Buffer.from([0, 0, 1]), () => setTimeout(() => socket.write(emptyVersions(request)), 50));
  });
  const unanswered = broker.connection.send(ApiVersions.protocol({ version: 0 })());
  await expect(unanswered).rejects.toThrow(/timed out/);
  await broker.connection.disconnect();
  await broker.connection.connect();
  expect(await broker.connection.send(ApiVersions.protocol({ version: 0 })())).toMatchObject({ apiVersions: [] });
  // Also afterwards: the end of the first socket is not the end of the second.
  expect(await broker.connection.send(ApiVersions.protocol({ version: 0 })())).toMatchObject({ apiVersions: [] });
});

it('opens one socket for all who find the connection closed', async () => {
  const broker = await openBroker((socket, request) => socket.write(emptyVersions(request)));
  await broker.connection.disconnect();
  await Promise.all([broker.connection.connect(), broker.connection.connect(), broker.connection.connect()]);
  await broker.connection.send(ApiVersions.protocol({ version: 0 })());
  expect(broker.sockets()).toBe(2);
});

it('rejects what waits for an answer that cannot be one, and does not throw out of the socket', async () => {
  const broker = await openBroker((socket) => socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])));
  await expect(broker.connection.send(ApiVersions.protocol({ version: 0 })())).rejects.toThrow(/Malformed/);
});

/** A server that answers as told, with the number of the socket the request came on, and a client connected to it. */
async function openBroker(answer: (socket: Socket, request: Buffer, nth: number) => void) {
  const sockets = new Set<Socket>();
  let opened = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const nth = ++opened;
    sockets.add(socket);
    socket.on('error', silent).on('data', (request) => answer(socket, request, nth));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socketFactory = (require('kafkajs/src/network/socketFactory') as () => unknown)();
  const { port } = server.address() as AddressInfo;
  const limits = { requestTimeout: 200, connectionTimeout: 1_000 };
  const connection = new Connection({ host: '127.0.0.1', port, logger, socketFactory, ...limits });
  await connection.connect();
  onTestFinished(async () => {
    await connection.disconnect();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { connection, sockets: () => opened };
}

/** An answer to ApiVersions v0 without a single version, framed: length, correlation id of the request, no error, no entries. */
function emptyVersions(request: Buffer): Buffer {
  const answer = Buffer.alloc(14);
  answer.writeInt32BE(10, 0);
  request.copy(answer, 4, 8, 12);
  return answer;
}
