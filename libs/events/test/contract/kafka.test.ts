import type { TopicDefinition } from '@idp/contracts';
import { createTelemetry } from '@idp/telemetry';
import { testKafka } from '@idp/testing';
import { randomBytes } from 'node:crypto';
import { createKafkaTransport, prepareKafkaTopics, type KafkaSettings } from '../../src/index.ts';
import { transportContract, type ContractBroker } from '../transport-contract.ts';

transportContract('Kafka', async (): Promise<ContractBroker> => {
  const brokers = (await testKafka()).brokers.split(',');
  const settings: KafkaSettings = {
    brokers,
    ssl: false,
    compression: 'none',
    partitionsConcurrent: 4,
    createTopics: true,
  };
  let run = '';
  const open = (service: string) => {
    const { logger, metrics } = createTelemetry({
      service,
      version: 'test',
      level: (process.env['LL'] ?? 'fatal') as 'fatal',
    });
    return createKafkaTransport({ settings, service, logger, metrics });
  };
  return {
    get topic() {
      return `idp.contract.${run}.v1`;
    },
    missingTopic: `idp.contract.nothing.v1`,
    get groups() {
      return [`idp.contract.${run}-one`, `idp.contract.${run}-two`] as const;
    },
    producer: () => open('producer'),
    consumer: () => open('reader'),
    async reset() {
      run = randomBytes(6).toString('hex');
      const topic: TopicDefinition = {
        name: `idp.contract.${run}.v1`,
        owner: 'contract',
        aggregate: run,
        partitions: 12,
        retentionHours: 1,
        cleanup: 'delete',
        beats: false,
        messages: [],
        readers: [],
      };
      const { logger } = createTelemetry({ service: 'contract', version: 'test', level: 'fatal' });
      await prepareKafkaTopics({
        settings,
        service: 'contract',
        topics: [topic],
        create: true,
        production: false,
        logger,
      });
    },
    async [Symbol.asyncDispose]() {},
  };
});
