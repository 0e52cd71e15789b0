import { newId, platformTenantId } from '@idp/contracts';
import { createKafkaTransport, kafkaSettings, type EventTransport } from '@idp/events';
import { createTelemetry } from '@idp/telemetry';
import { testKafka, type TestPerson } from '@idp/testing';
import { startKafka, type KafkaServer } from '@idp/tools';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startShaky, type Shaky, type ShakyOptions } from './shaky-service.ts';
import { bulkRedrive } from './suites/bulk-redrive.ts';
import { deadLetters } from './suites/dead-letters.ts';

// Skips the file where no Kafka can be had. Topics of a service have fixed names, so it gets brokers of its own.
await testKafka();

/** A broker on a machine that is busy with other tests. */
const startMs = 240_000;
let directory: string;
let kafka: KafkaServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-service-kafka-'));
  kafka = await startKafka({ directory });
}, startMs);
afterAll(async () => {
  await kafka.stop();
  await rm(directory, { recursive: true, force: true });
});

async function brokers(): Promise<ShakyOptions> {
  const variables = { KAFKA_BROKERS: kafka.bootstrapServers, KAFKA_SSL: false, EVENTS_PARTITIONS_CONCURRENT: 4 };
  return { kafka: kafkaSettings({ ...variables, NODE_ENV: 'test' })! };
}

deadLetters('Kafka', brokers);
bulkRedrive('Kafka', brokers);

describe('what a foreign producer put on a topic', () => {
  const path = '/api/v1/catalog/ops/dead-letters';
  const topic = 'idp.auth.tenant.v1';
  let service: Shaky;
  let transport: EventTransport;

  beforeAll(async () => {
    const options = await brokers();
    service = await startShaky(options);
    const { logger, metrics } = createTelemetry({ service: 'foreign', version: 'test', level: 'silent' });
    transport = createKafkaTransport({ settings: options.kafka!, service: 'foreign', logger, metrics });
  });
  afterAll(async () => {
    await transport.close();
    await service[Symbol.asyncDispose]();
  });

  /** A record of the tenant's topic; resolves when the service has dealt with it. */
  async function put(tenantId: string, value: Uint8Array, more: Record<string, string> = {}): Promise<void> {
    const key = `${tenantId}:a`;
    const type = { ce_type: 'idp.auth.v1.TenantCreated', ce_sequence: '00000000000000000001' };
    const headers = { ce_specversion: '1.0', ce_id: newId(), ce_tenantid: tenantId, ...type, ...more };
    const outcomes = await transport.publish([{ topic, key, headers, value }], new AbortController().signal);
    expect(outcomes.get(topic)).toEqual({ status: 'ok' });
    await service.running.events.drain();
  }

  const get = ({ token }: TestPerson, target: string) => service.request('GET', `${path}${target}`, { token });
  const post = ({ token }: TestPerson, target: string, body?: unknown) =>
    service.request('POST', `${path}${target}`, { token, body });

  test('is shown byte by byte where it is no message, cannot be redriven, and lets its key go on when discarded', async () => {
    const tenant = await service.tenant();
    const value = Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f);
    await put(tenant.id, value);
    await service.send(tenant.id, 'a', 2);
    expect(await service.effects(tenant.id)).toEqual([]);
    const [letter] = (await get(tenant.admin, '')).body.data;
    expect(letter).toMatchObject({ errorCode: 'DECODE_FAILED', status: 'open', key: `${tenant.id}:a` });
    const shown = (await get(tenant.admin, `/${letter.id}`)).body.data;
    expect(shown).toMatchObject({ payload: null, payloadBase64: Buffer.from(value).toString('base64') });
    const redriven = await post(tenant.admin, `/${letter.id}/redrive`);
    expect(redriven.body.data).toMatchObject({ outcome: 'failed', error: { code: 'DECODE_FAILED' } });
    expect((await post(tenant.admin, `/${letter.id}/discard`, { reason: 'no message' })).status).toBe(200);
    await service.running.events.drain();
    expect(await service.effects(tenant.id)).toEqual(['a@2']);
  });

  test('is for the operators of the platform where it names two tenants', async () => {
    const [tenant, other] = [await service.tenant(), await service.tenant()];
    const operator = await service.person(platformTenantId, 'tenant-owner');
    await put(tenant.id, Uint8Array.of(), { ce_tenantid: other.id });
    for (const { admin } of [tenant, other]) expect((await get(admin, '')).body.data).toEqual([]);
    const { data } = (await get(operator, '?errorCode=TENANT_MISMATCH')).body;
    expect(data).toMatchObject([{ errorCode: 'TENANT_MISMATCH', status: 'open' }]);
    expect(await service.effects(tenant.id)).toEqual([]);
  });
});
