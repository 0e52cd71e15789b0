import { randomBytes } from 'node:crypto';
import kafkajs, { type Admin } from 'kafkajs';
import { createKafkaTransport, type EventTransport, type KafkaSettings } from '../../src/index.ts';
import type { ServiceHandle } from '../bench-database.ts';
import { kafkaSettingsOf, makeTopic } from '../kafka/brokers.ts';
import { entityTopic } from '../records.ts';
import type { Carrier } from './carrier.ts';
import { renamed } from './renamed.ts';

/** Other topics have no readers and few records in these tests. */
const partitionsOf = new Map([
  [entityTopic, 12],
  ['idp.catalog.location.v1', 2],
  ['idp.catalog.audit.v1', 1],
  ['idp.reader.audit.v1', 1],
  ['idp.reader.tenant.v1', 1],
  ['idp.reader.snapshot-request.v1', 1],
]);

/** A tenth and less of the usual times: a dead member is not waited for so long. */
export const quickSession = { sessionMs: 2_000, heartbeatMs: 400 };

/** A transport of the topics under `prefix`. */
export function openKafka(
  settings: KafkaSettings,
  prefix: string,
  { service, logger, metrics }: Pick<ServiceHandle, 'service' | 'logger' | 'metrics'>,
): EventTransport {
  return renamed(createKafkaTransport({ settings, service, logger, metrics, timing: quickSession }), prefix);
}

/** Shared brokers, on topics and groups of its own. The entity topic takes records of 12 MB, as no topic of the platform does. */
export async function kafkaCarrier(brokers: string): Promise<Carrier> {
  const settings = kafkaSettingsOf(brokers);
  const client = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING });
  const admin: Admin = client.admin();
  await admin.connect();
  let prefix = '';
  let present = new Set<string>();

  async function make(name: string): Promise<void> {
    await makeTopic(settings, prefix + name, { partitions: partitionsOf.get(name)! });
    present.add(name);
    if (name !== entityTopic) return;
    const configEntries = [{ name: 'max.message.bytes', value: String(12 * 1024 * 1024) }];
    const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: prefix + name, configEntries };
    await admin.alterConfigs({ validateOnly: false, resources: [resource] });
  }

  async function remove(names: Iterable<string>): Promise<void> {
    const topics = [...names].map((name) => prefix + name);
    if (topics.length > 0) await admin.deleteTopics({ topics });
  }

  return {
    name: 'Kafka',
    get env() {
      return { KAFKA: brokers, KAFKA_PREFIX: prefix };
    },
    open: (service) => openKafka(settings, prefix, service),
    async reset() {
      await remove(present);
      present = new Set();
      prefix = `t${randomBytes(5).toString('hex')}.`;
      await Promise.all([...partitionsOf.keys()].map(make));
    },
    async countRecords() {
      const ends = await Promise.all([...present].map((name) => admin.fetchTopicOffsets(prefix + name)));
      return ends.flat().reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
    },
    async removeTopic(name) {
      await remove([name]);
      present.delete(name);
    },
    makeTopic: make,
    async [Symbol.asyncDispose]() {
      await remove(present);
      await admin.disconnect();
    },
  };
}
