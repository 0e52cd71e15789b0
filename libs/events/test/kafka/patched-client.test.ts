import { createRequire } from 'node:module';
import { expect, it } from 'vitest';

// The part of kafkajs that patches/kafkajs@2.2.4.patch repairs, on a cluster whose leader moves in the middle of one send.
const require = createRequire(new URL('../../package.json', import.meta.url));
const createSendMessages = require('kafkajs/src/producer/sendMessages') as (
  parts: object,
) => (request: object) => Promise<unknown[]>;
const createRetry = require('kafkajs/src/retry') as (settings: object) => unknown;
const { KafkaJSProtocolError } = require('kafkajs/src/errors') as {
  KafkaJSProtocolError: new (error: object) => Error;
};

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
  const silent = () => undefined;
  const send = createSendMessages({
    cluster,
    eosManager,
    logger: { debug: silent, error: silent },
    partitioner: ({ message }: { message: { partition: number } }) => message.partition,
    retrier: createRetry({ retries: 3, initialRetryTime: 1, maxRetryTime: 1 }),
  });
  const messages = [0, 1].map((partition) => ({ partition, value: `to ${partition}` }));
  await send({ acks: -1, topicMessages: [{ topic: 'things', messages }] });
  expect(log).toEqual(['to 0', 'to 1']);
});
