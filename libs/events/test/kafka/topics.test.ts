import { newId } from '@idp/contracts';
import { testKafka } from '@idp/testing';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EventConfigurationError, prepareKafkaTopics } from '../../src/index.ts';
import { topicOf } from '../topics.ts';
import { kafkaSettingsOf, makeTopic, quietTelemetry } from './brokers.ts';

const { brokers } = await testKafka();
const settings = kafkaSettingsOf(brokers);
const { logger } = quietTelemetry();
const admin = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING }).admin();
beforeAll(() => admin.connect());
afterAll(() => admin.disconnect());

const type = kafkajs.ConfigResourceTypes.TOPIC;

async function settingsOf(name: string): Promise<Record<string, string>> {
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type, name }] });
  return Object.fromEntries(
    resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]),
  );
}

const fresh = (): string => `idp.topics.t${newId()}.v1`;
const common = { settings, service: 'topics', production: false, logger };

it('makes a topic as it is described, with as many replicas as there are brokers, once or side by side', async () => {
  const topics = [topicOf(fresh(), { partitions: 3, retentionHours: 2 }), topicOf(fresh(), { cleanup: 'compact' })];
  const prepare = () => prepareKafkaTopics({ ...common, topics, create: true });
  await Promise.all([prepare(), prepare()]);
  await prepare();
  const { topics: found } = await admin.fetchTopicMetadata({ topics: topics.map(({ name }) => name) });
  const counts = new Map(found.map(({ name, partitions }) => [name, partitions.length]));
  expect([counts.get(topics[0]!.name), counts.get(topics[1]!.name)]).toEqual([3, 12]);
  expect(await settingsOf(topics[0]!.name)).toMatchObject({
    'cleanup.policy': 'delete',
    'retention.ms': String(2 * 3_600_000),
    'min.insync.replicas': '1',
    'unclean.leader.election.enable': 'false',
  });
  expect((await settingsOf(topics[1]!.name))['cleanup.policy']).toBe('compact');
});

it('corrects settings that differ and leaves the others', async () => {
  const topic = topicOf(fresh());
  await makeTopic(settings, topic.name);
  const wrong = [
    { name: 'retention.ms', value: '1000' },
    { name: 'segment.ms', value: '60000' },
  ];
  await admin.alterConfigs({ validateOnly: false, resources: [{ type, name: topic.name, configEntries: wrong }] });
  await prepareKafkaTopics({ ...common, topics: [topic], create: false });
  expect((await settingsOf(topic.name))['retention.ms']).toBe('1000');
  await prepareKafkaTopics({ ...common, topics: [topic], create: true });
  expect(await settingsOf(topic.name)).toMatchObject({ 'retention.ms': String(3_600_000), 'segment.ms': '60000' });
});

it('changes no partition count, and makes nothing where it may not', async () => {
  const topic = topicOf(fresh());
  await makeTopic(settings, topic.name);
  const more = prepareKafkaTopics({ ...common, topics: [{ ...topic, partitions: 24 }], create: true });
  await expect(more).rejects.toThrow(EventConfigurationError);
  const missing = topicOf(fresh());
  const absent = prepareKafkaTopics({ ...common, topics: [missing], create: false, production: true });
  await expect(absent).rejects.toThrow(/npm run migrate/);
  expect(await admin.listTopics()).not.toContain(missing.name);
});
