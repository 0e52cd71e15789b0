import { topics as knownTopics, topicsOf } from '@idp/contracts';
import { createTelemetry } from '@idp/telemetry';
import { testKafka } from '@idp/testing';
import { startKafka, type KafkaServer } from '@idp/tools';
import kafkajs, { type Admin } from 'kafkajs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKafkaTransport,
  EventConfigurationError,
  kafkaSettings,
  prepareKafkaAcls,
  prepareKafkaTopics,
  type EventTransport,
  type KafkaSettings,
} from '../../src/index.ts';
import { makeAuthority, makeCertificate } from '../kafka/certificates.ts';
import { quietTelemetry } from '../kafka/brokers.ts';
import { entityRecord, entityTopic } from '../records.ts';
import { until } from '../until.ts';

// Skips the file where no Kafka can be had; the one of this file asks for a login over TLS and for rights.
await testKafka();

const users = { admin: 'S3cret-of-admin', auth: 'S3cret-of-auth', catalog: 'S3cret-of-catalog' };
type User = keyof typeof users;
const mechanisms = ['scram-sha-512', 'scram-sha-256', 'plain'] as const;
const live = new AbortController().signal;
/** A broker on a machine that is busy with other tests. */
const startMs = 240_000;
const open: EventTransport[] = [];
let directory: string;
let kafka: KafkaServer;
let authority: string;
let otherAuthority: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-kafka-access-'));
  authority = makeAuthority(directory, 'ours');
  otherAuthority = makeAuthority(directory, 'theirs');
  kafka = await startKafka({
    directory: join(directory, 'kafka'),
    version: process.env['TEST_KAFKA_VERSION'],
    security: { tls: makeCertificate(directory, 'ours'), users, administrators: ['admin'] },
  });
  const topics = ['auth', 'catalog'].flatMap(topicsOf);
  await prepare(settingsOf('admin'), { create: true, topics });
  await prepareKafkaAcls({ settings: settingsOf('admin'), services: ['auth', 'catalog'], ...quietTelemetry() });
  // Rights reach the broker when it has read them from the log of the controller.
  const entering = () =>
    prepare(settingsOf('catalog')).then(
      () => true,
      () => false,
    );
  await until(entering, 'the rights are known', 60_000);
}, startMs);
afterAll(async () => {
  await Promise.all(open.map((transport) => transport.close()));
  await kafka.stop();
  await rm(directory, { recursive: true, force: true });
});

/** As a host reads them from its variables. */
function settingsOf(user: User, more: Partial<Parameters<typeof kafkaSettings>[0]> = {}): KafkaSettings {
  return kafkaSettings({
    KAFKA_BROKERS: kafka.bootstrapServers,
    KAFKA_SSL: true,
    KAFKA_SSL_CA: authority,
    KAFKA_SASL_MECHANISM: 'scram-sha-512',
    KAFKA_SASL_USERNAME: user,
    KAFKA_SASL_PASSWORD: users[user],
    EVENTS_PARTITIONS_CONCURRENT: 4,
    NODE_ENV: 'test',
    ...more,
  })!;
}

function prepare(settings: KafkaSettings, more: Partial<Parameters<typeof prepareKafkaTopics>[0]> = {}): Promise<void> {
  const { logger } = quietTelemetry();
  return prepareKafkaTopics({ settings, service: 'catalog', create: false, production: false, logger, ...more });
}

function transportOf(user: User): EventTransport {
  const transport = createKafkaTransport({ settings: settingsOf(user), service: user, ...quietTelemetry() });
  open.push(transport);
  return transport;
}

describe('brokers that ask for a login over TLS', () => {
  it.each(mechanisms)('take the right one by %s', async (mechanism) => {
    const entering = prepare(settingsOf('catalog', { KAFKA_SASL_MECHANISM: mechanism }));
    await expect(entering).resolves.toBeUndefined();
  });

  /** Everything that is said of a start that fails, and logged at the most talkative level. */
  async function refusal(settings: KafkaSettings): Promise<{ error: Error & { cause: Error }; said: string }> {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const { logger } = createTelemetry({ service: 'catalog', version: 'test', level: 'trace', destination });
    const error = (await prepare(settings, { logger }).then(
      () => undefined,
      (reason: unknown) => reason,
    )) as Error & { cause: Error };
    return { error, said: [error.message, error.stack, error.cause?.message, error.cause?.stack, ...lines].join('\n') };
  }

  it.each(mechanisms)('refuse a wrong password by %s, and one line says so without the password', async (mechanism) => {
    const wrong = { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_PASSWORD: 'S3cret-but-wrong' };
    const { error, said } = await refusal(settingsOf('catalog', wrong));
    expect(error).toBeInstanceOf(EventConfigurationError);
    expect(error.message).toBe(
      `the Kafka brokers ${kafka.bootstrapServers.join()} refuse the login of catalog: see KAFKA_SASL_USERNAME`,
    );
    expect(`${error.message} ${error.cause.message}`).not.toContain('\n');
    expect(said).not.toContain('S3cret');
    expect(said).not.toContain(Buffer.from('S3cret-but-wrong').toString('base64').slice(0, 12));
  });

  it.each([
    ['signed by somebody else', () => otherAuthority],
    ['signed by nobody that Node.js knows', () => undefined],
  ])('whose certificate is %s are not trusted, and one line says so', async (_name, ca) => {
    const { error, said } = await refusal(settingsOf('catalog', { KAFKA_SSL_CA: ca() }));
    expect(error).toBeInstanceOf(EventConfigurationError);
    expect(error.message).toBe(
      `the Kafka brokers ${kafka.bootstrapServers.join()} show a certificate that is not trusted: see KAFKA_SSL_CA`,
    );
    expect(`${error.message} ${error.cause.message}`).not.toContain('\n');
    expect(said).not.toContain('S3cret');
  });

  it('cannot be reached without TLS', async () => {
    const plain = { KAFKA_SSL: false, KAFKA_SSL_CA: undefined };
    const { error, said } = await refusal(settingsOf('catalog', plain));
    expect(error.message).toBe(`the Kafka brokers ${kafka.bootstrapServers.join()} cannot be reached`);
    expect(said).not.toContain('S3cret');
  });
});

describe('the rights that proto/topics.yaml gives a service', () => {
  const tenantId = '01900000-0000-7000-8000-000000000001';
  const record = (topic: string) => ({ ...entityRecord({ tenantId, aggregateId: 'a', version: 1 }), topic });
  const ownTopics = topicsOf('catalog').map(({ name }) => name);
  const foreignTopics = topicsOf('auth').map(({ name }) => name);

  it('let it write every topic of its own and none of another service: those events stay where they are', async () => {
    const outcomes = await transportOf('catalog').publish([...ownTopics, ...foreignTopics].map(record), live);
    for (const topic of ownTopics) expect(outcomes.get(topic), topic).toEqual({ status: 'ok' });
    for (const topic of foreignTopics)
      expect(outcomes.get(topic), topic).toMatchObject({ status: 'retry', away: false });
    const lying = await asAdmin((admin) => Promise.all(foreignTopics.map((name) => admin.fetchTopicOffsets(name))));
    expect(lying.flat().every(({ high }) => high === '0')).toBe(true);
  });

  const read = (group: string, topics: readonly string[], seen: string[] = []) =>
    transportOf('catalog').subscribe({
      mode: 'group',
      group,
      topics,
      from: 'start',
      onChunk: async ({ topic }) => void seen.push(topic),
    });

  it('let it read what one of its consumers is listed for, in groups of its own, and start', async () => {
    const readable = Object.values(knownTopics).filter(({ readers }) =>
      readers.some((name) => name.startsWith('catalog.')),
    );
    const names = readable.map(({ name }) => name).filter((name) => foreignTopics.includes(name));
    expect(names.length).toBeGreaterThan(0);
    await transportOf('auth').publish(names.map(record), live);
    const seen: string[] = [];
    const subscription = await read('idp.catalog.tenants', names, seen);
    await until(() => names.every((name) => seen.includes(name)), 'what it may read');
    const transport = open.at(-1)!;
    await until(async () => (await transport.lag('idp.catalog.tenants')).length === 0, 'no lag');
    await subscription.close(5_000);
    await prepare(settingsOf('catalog'));
  });

  it('refuse it a topic it is no reader of', async () => {
    await expect(read('idp.catalog.tenants', ['idp.auth.user.v1'])).rejects.toThrow(EventConfigurationError);
  });

  it('let it into no group of another service', async () => {
    const topic = 'idp.auth.tenant.v1';
    await transportOf('auth').publish([record(topic)], live);
    const [own, foreign]: [string[], string[]] = [[], []];
    const intruding = await read('idp.auth.tenants', [topic], foreign);
    const reading = await read(`idp.catalog.control`, [topic], own);
    await until(() => own.length > 0, 'what it gets in a group of its own');
    expect(foreign).toEqual([]);
    const described = await asAdmin((admin) => admin.describeGroups(['idp.auth.tenants']));
    expect(described.groups[0]!.members).toEqual([]);
    await Promise.all([intruding, reading].map((subscription) => subscription.close(5_000)));
  });

  it('let every instance read whole topics, and leave no group behind', async () => {
    const transport = transportOf('catalog');
    const caughtUp = Promise.withResolvers<void>();
    const subscription = await transport.subscribe({
      mode: 'instance',
      topics: ['idp.auth.tenant.v1'],
      from: 'start',
      onReset: async () => undefined,
      onChunk: async () => undefined,
      onCaughtUp: caughtUp.resolve,
    });
    await caughtUp.promise;
    await subscription.close(5_000);
    const groups = await asAdmin((admin) => admin.listGroups());
    expect(groups.groups.map(({ groupId }) => groupId).filter((group) => group.includes('.i.'))).toEqual([]);
  });

  it('make it no topics', async () => {
    const topics = [{ ...topicsOf('catalog')[0]!, name: 'idp.catalog.new.v1' }];
    await expect(prepare(settingsOf('catalog'), { create: true, topics })).rejects.toThrow();
  });

  it('are given once however often, and others are taken away', async () => {
    const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
    const tooMuch = {
      principal: 'User:catalog',
      host: '*',
      resourceType: AclResourceTypes.TOPIC,
      resourceName: 'idp.auth.user.v1',
      resourcePatternType: ResourcePatternTypes.LITERAL,
      operation: AclOperationTypes.ALL,
      permissionType: AclPermissionTypes.ALLOW,
    };
    await asAdmin((admin) => admin.createAcls({ acl: [tooMuch] }));
    const writes = async () => {
      const outcomes = await transportOf('catalog').publish([record('idp.auth.user.v1'), record(entityTopic)], live);
      return ['idp.auth.user.v1', entityTopic].map((topic) => outcomes.get(topic)?.status);
    };
    await expect.poll(writes).toEqual(['ok', 'ok']);
    for (let n = 0; n < 2; n += 1) {
      await prepareKafkaAcls({ settings: settingsOf('admin'), services: ['auth', 'catalog'], ...quietTelemetry() });
    }
    await expect.poll(writes).toEqual(['retry', 'ok']);
  });

  async function asAdmin<T>(ask: (admin: Admin) => Promise<T>): Promise<T> {
    const sasl = { mechanism: 'plain' as const, username: 'admin', password: users.admin };
    const { brokers } = settingsOf('admin');
    const logLevel = kafkajs.logLevel.NOTHING;
    const client = new kafkajs.Kafka({ brokers: [...brokers], ssl: { ca: [authority] }, sasl, logLevel });
    const admin = client.admin();
    await admin.connect();
    try {
      return await ask(admin);
    } finally {
      await admin.disconnect();
    }
  }
});
