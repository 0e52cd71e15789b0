import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testKafka } from '@idp/testing';
import { startKafka, stopAbandonedPostgres, type KafkaServer } from '@idp/tools';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHostProcess, type HostProcess } from './host-process.ts';

// Skips the file where no Kafka can be had. The fleet's topics have fixed names, so it gets brokers of its own.
await testKafka();

let base: string;
let kafka: KafkaServer;
const started: HostProcess[] = [];

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'idp-kafka-host-'));
  kafka = await startKafka({ directory: join(base, 'kafka') });
});

afterAll(async () => {
  for (const host of started) {
    host.child.kill('SIGKILL');
    await host.exited;
  }
  await kafka.stop();
  await stopAbandonedPostgres(join(base, 'data'));
  await rm(base, { recursive: true, force: true });
});

async function start(env: Record<string, string> = {}): Promise<HostProcess> {
  const descriptors = join(base, 'descriptors');
  const host = await startHostProcess({
    IDP_DATA_DIR: join(base, 'data'),
    CATALOG_DIRECTORIES: descriptors,
    KAFKA_BROKERS: kafka.bootstrapServers.join(','),
    ...env,
  });
  started.push(host);
  return host;
}

async function entities(host: HostProcess): Promise<string[]> {
  const password = readFileSync(join(base, 'data', 'secrets', 'admin-password'), 'utf8').trim();
  const login = await fetch(`${host.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'owner@localhost', password }),
  });
  const { data } = (await login.json()) as { data: { accessToken: string } };
  const headers = { authorization: `Bearer ${data.accessToken}` };
  const answer = await fetch(`${host.url}/api/catalog/entities?filter=kind=component`, { headers });
  return ((await answer.json()) as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name).sort();
}

/** Value of a series whose name and labels begin so. */
async function metric(host: HostProcess, name: string, label: string): Promise<number> {
  const text = await (await fetch(`${host.managementUrl}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name}{`) && each.includes(label));
  return Number(line?.split(' ').at(-1) ?? Number.NaN);
}

function describe(name: string): void {
  mkdirSync(join(base, 'descriptors', name), { recursive: true });
  writeFileSync(
    join(base, 'descriptors', name, 'catalog-info.yaml'),
    `apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${name}\nspec: {type: service, lifecycle: production, owner: team-a}\n`,
  );
}

test('with brokers the platform runs on Kafka: what auth did shows in the catalog, and again after a kill', async () => {
  describe('alpha');
  const first = await start();
  await first.healthy();
  // The catalog takes files for a tenant only when auth's event has told it of the tenant.
  await expect.poll(() => entities(first), { timeout: 30_000 }).toEqual(['alpha']);
  expect(await metric(first, 'outbox_published_total', 'topic="idp.auth.tenant.v1"')).toBeGreaterThan(0);
  expect(await metric(first, 'event_paused_partitions', 'consumer="catalog.tenants"')).toBe(0);
  await expect.poll(() => metric(first, 'outbox_pending', 'service="auth"'), { timeout: 30_000 }).toBe(0);
  first.child.kill('SIGKILL');
  await first.exited;

  describe('beta');
  const second = await start();
  await second.healthy();
  await expect.poll(() => entities(second), { timeout: 30_000 }).toEqual(['alpha', 'beta']);
  second.child.kill('SIGTERM');
  expect((await second.exited).code).toBe(0);
});

test('brokers that cannot be reached are one line and exit code 1', async () => {
  const away = await start({ KAFKA_BROKERS: '127.0.0.1:1' });
  expect((await away.exited).code).toBe(1);
  expect(away.stderr()).toMatch(/^idp: the Kafka brokers 127\.0\.0\.1:1 cannot be reached.*\n$/);
});
