import { randomBytes } from 'node:crypto';
import { createKafkaTransport } from '../../src/index.ts';
import type { ContractBroker } from '../transport-contract.ts';
import { kafkaSettingsOf, makeTopic, quietTelemetry } from './brokers.ts';

/** Brokers for the suite, on topics and groups of each test's own. */
export async function contractBrokers(brokers: string): Promise<ContractBroker> {
  const settings = kafkaSettingsOf(brokers);
  let run = '';
  return {
    get topic() {
      return `idp.contract.${run}.v1`;
    },
    get missingTopic() {
      return `idp.contract.${run}-missing.v1`;
    },
    makeMissingTopic: () => makeTopic(settings, `idp.contract.${run}-missing.v1`),
    get groups() {
      return [`idp.contract.${run}-one`, `idp.contract.${run}-two`] as const;
    },
    producer: () => createKafkaTransport({ settings, service: 'producer', ...quietTelemetry() }),
    consumer: () => createKafkaTransport({ settings, service: 'reader', ...quietTelemetry() }),
    // Names of their own for each test: nothing has to be removed.
    async reset() {
      run = randomBytes(6).toString('hex');
      await makeTopic(settings, `idp.contract.${run}.v1`);
    },
    async [Symbol.asyncDispose]() {},
  };
}
