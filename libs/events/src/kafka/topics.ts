import { topics as knownTopics, topicsOf, type TopicDefinition } from '@idp/contracts';
import type { Logger } from '@idp/telemetry';
import kafkajs, { type Admin, type ITopicConfig } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventConfigurationError } from '../errors.ts';
import { connectAdmin } from './admin.ts';
import type { KafkaSettings } from './settings.ts';

export interface PrepareTopicsOptions {
  settings: Pick<KafkaSettings, 'brokers' | 'ssl' | 'sasl'>;
  /** Names the client. */
  service: string;
  /** Default: those the service owns or reads. */
  topics?: readonly TopicDefinition[];
  /** Makes missing topics and corrects settings; otherwise a missing one is an error and a difference is logged. */
  create: boolean;
  /** In production three replicas, two of which must have a record; elsewhere as many as there are brokers. */
  production: boolean;
  logger: Logger;
}

const replicas = 3;
const replicasInSync = 2;
const readyMs = { pause: 100, max: 60_000 };
const hourMs = 3_600_000;

/**
 * Has the topics as proto/topics.yaml says. Idempotent, also side by side. Throws EventConfigurationError for a missing topic that
 * is not to be made here, and when the partition count of a topic would change: its keys would move.
 */
export async function prepareKafkaTopics(options: PrepareTopicsOptions): Promise<void> {
  const { settings, service, create, logger } = options;
  const topics = options.topics ?? topicsUsedBy(service);
  if (topics.length === 0) return;
  const admin = await connectAdmin(settings, service, logger);
  try {
    const known = new Set(await admin.listTopics());
    const missing = topics.filter(({ name }) => !known.has(name));
    const { brokers } = await admin.describeCluster();
    const wanted = missing.map((topic) => toTopicConfig(topic, options.production ? replicas : brokers.length));
    if (missing.length > 0 && !create) {
      const names = missing.map(({ name }) => name).join(', ');
      throw new EventConfigurationError(
        `topics are missing, or this login may not see them: ${names}; \`npm run migrate\` makes them`,
      );
    }
    if (wanted.length > 0) await admin.createTopics({ topics: wanted, waitForLeaders: false });
    await untilUsable(admin, topics);
    await compareSettings(admin, topics, options);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/** True when one of the service's consumers reads the topic. */
export function isReadBy({ readers }: TopicDefinition, service: string): boolean {
  return readers.some((name) => name.startsWith(`${service}.`));
}

/** The topics a service owns or reads. */
export function topicsUsedBy(service: string): TopicDefinition[] {
  const used = [...topicsOf(service), ...Object.values(knownTopics).filter((topic) => isReadBy(topic, service))];
  return [...new Map(used.map((topic) => [topic.name, topic])).values()];
}

function toTopicConfig(topic: TopicDefinition, brokers: number): ITopicConfig {
  const replicationFactor = Math.min(replicas, brokers);
  return {
    topic: topic.name,
    numPartitions: topic.partitions,
    replicationFactor,
    configEntries: [
      ...settingsOf(topic),
      { name: 'min.insync.replicas', value: String(Math.min(replicasInSync, replicationFactor)) },
      { name: 'unclean.leader.election.enable', value: 'false' },
    ],
  };
}

function settingsOf({ retentionHours, cleanup }: TopicDefinition): { name: string; value: string }[] {
  return [
    { name: 'cleanup.policy', value: cleanup },
    { name: 'retention.ms', value: String(retentionHours * hourMs) },
  ];
}

/** Waits until every partition of a topic answers: one just made has no leader for a moment. */
async function untilUsable(admin: Admin, topics: readonly TopicDefinition[]): Promise<void> {
  const deadline = performance.now() + readyMs.max;
  await Promise.all(topics.map((topic) => untilTopicUsable(admin, topic, deadline)));
}

async function untilTopicUsable(admin: Admin, topic: TopicDefinition, deadline: number): Promise<void> {
  const { name, partitions } = topic;
  for (;;) {
    const found = await admin.fetchTopicOffsets(name).catch((error: unknown) => error as Error);
    if (!(found instanceof Error)) {
      if (found.length === partitions) return;
      throw new EventConfigurationError(`${name} has ${found.length} partitions; make a new topic for ${partitions}`);
    }
    if (performance.now() > deadline) throw found;
    await sleep(readyMs.pause);
  }
}

async function compareSettings(
  admin: Admin,
  topics: readonly TopicDefinition[],
  { create, logger }: PrepareTopicsOptions,
): Promise<void> {
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  const query = topics.map((topic) => ({
    type,
    name: topic.name,
    configNames: settingsOf(topic).map(({ name }) => name),
  }));
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: query });
  for (const topic of topics) {
    const entries = resources.find(({ resourceName }) => resourceName === topic.name)?.configEntries ?? [];
    const present = new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
    const different = settingsOf(topic).filter(({ name, value }) => present.get(name) !== value);
    if (different.length === 0) continue;
    logger.warn(
      { topic: topic.name, settings: different, corrected: create },
      'a topic is not as proto/topics.yaml says',
    );
    if (create) await correct(admin, topic);
  }
}

/** The request replaces all settings of a topic: those that are not ours are given again. */
async function correct(admin: Admin, topic: TopicDefinition): Promise<void> {
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type, name: topic.name }],
  });
  const own = settingsOf(topic);
  const topicLevel = kafkajs.ConfigSource.TOPIC_CONFIG;
  const kept = (resources[0]?.configEntries ?? [])
    .filter(
      ({ configName, configSource }) => configSource === topicLevel && !own.some(({ name }) => name === configName),
    )
    .map(({ configName, configValue }) => ({ name: configName, value: configValue }));
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type, name: topic.name, configEntries: [...own, ...kept] }],
  });
}
