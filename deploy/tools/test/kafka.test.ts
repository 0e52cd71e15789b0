import { readFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startKafka, stopAbandonedKafka, type KafkaOptions, type KafkaServer } from '../src/index.ts';
import { findJava } from '../src/kafka/java.ts';
import { processIdentity, runProgram } from '../src/process.ts';
import { createTopic, listBrokers, none, topicAlreadyExists } from './kafka-protocol.ts';
import { isRequired } from './required.ts';
import { startAndKill } from './start-and-kill.ts';

const java = await findJava().catch(() => undefined);
let base: string;
let directory: string;
const running: KafkaServer[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'idp-tools-'));
  directory = join(base, 'kafka');
});

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  await rm(base, { recursive: true, force: true });
});

async function start(options: Partial<KafkaOptions> = {}): Promise<KafkaServer> {
  const server = await startKafka({ directory, ...options });
  running.push(server);
  return server;
}

describe.skipIf(java === undefined && !isRequired('kafka'))('a local Kafka', { timeout: 120_000 }, () => {
  test('a broker that was stopped or killed comes back with its data on its port', async () => {
    const server = await start();
    const [address] = server.bootstrapServers;
    const [broker] = server.brokers;
    expect(await createTopic(address!, 'kept', 3)).toBe(none);
    for (const end of ['stop', 'kill'] as const) {
      const { pid } = broker!;
      await broker![end]();
      expect(processIdentity(pid!)).toBeUndefined();
      expect(broker!.pid).toBeUndefined();
      await broker!.start();
      expect(await createTopic(address!, 'kept', 3)).toBe(topicAlreadyExists);
    }
  });

  test('a second start on the directory finds the topics of the first', async () => {
    const first = await start();
    await createTopic(first.bootstrapServers[0]!, 'kept', 3);
    await Promise.all([first.stop(), first.stop()]);
    const second = await start();
    expect(await createTopic(second.bootstrapServers[0]!, 'kept', 3)).toBe(topicAlreadyExists);
  });

  test('three brokers know each other; a frozen one is left out and comes back', async () => {
    const server = await start({ brokers: 3 });
    const [first] = server.bootstrapServers;
    const known = async () => (await listBrokers(first!)).toSorted();
    await expect.poll(known, { timeout: 20_000 }).toEqual(server.bootstrapServers.toSorted());
    const [, , third] = server.brokers;
    third!.freeze();
    await expect.poll(known, { timeout: 30_000 }).toEqual(server.bootstrapServers.slice(0, 2).toSorted());
    third!.resume();
    await expect.poll(known, { timeout: 30_000 }).toEqual(server.bootstrapServers.toSorted());
  });

  test('clients are told the port of a proxy', async () => {
    const ports: number[] = [];
    const server = await start({
      advertise: ({ port }) => {
        ports.push(port);
        return 9;
      },
    });
    expect(server.bootstrapServers).toEqual(['127.0.0.1:9']);
    expect(await listBrokers(`127.0.0.1:${ports[0]}`)).toEqual(['127.0.0.1:9']);
  });

  test('the broker of a killed process is ended, one in use is not', async () => {
    await startAndKill(directory, 'kafka');
    const { pid } = JSON.parse(readFileSync(join(directory, 'broker-1', 'process'), 'utf8')) as { pid: number };
    expect(processIdentity(pid)).toBeDefined();
    expect(await stopAbandonedKafka(directory)).toBe(true);
    expect(processIdentity(pid)).toBeUndefined();
    await start();
    expect(await stopAbandonedKafka(directory)).toBe(false);
  });

  test('a setting Kafka refuses is reported with one line', async () => {
    await expect(start({ settings: { 'log.retention.hours': 'soon' } })).rejects.toThrow(
      /^Kafka .*(log\.retention\.hours|soon)/,
    );
  });
});

describe('what is missing is said in one line', () => {
  const environment = { ...process.env };
  afterEach(() => {
    for (const name of ['PATH', 'JAVA_HOME', 'XDG_CACHE_HOME']) delete process.env[name];
    Object.assign(process.env, environment);
  });

  test('Java', async () => {
    delete process.env.JAVA_HOME;
    process.env.PATH = '';
    await expect(start()).rejects.toThrow(
      'java cannot be run; Kafka needs Java 17 or newer: install openjdk-17-jre-headless, or set KAFKA_BROKERS',
    );
  });

  test.skipIf(java === undefined)('Maven, while the jars are not in the cache', async () => {
    const { output } = await runProgram('sh', ['-c', 'command -v java']);
    process.env.JAVA_HOME = dirname(dirname(await realpath(output.trim())));
    process.env.PATH = '';
    process.env.XDG_CACHE_HOME = base;
    await expect(start()).rejects.toThrow(
      'Maven (mvn) cannot be run; Kafka comes from Maven Central: install maven, or set KAFKA_BROKERS',
    );
  });
});
