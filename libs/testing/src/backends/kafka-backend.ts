import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startKafka, stopAbandonedKafka } from '@idp/tools';
import { removeAbandoned } from './abandoned.ts';
import { firstBackend, type Backend } from './backend.ts';
import { containers, engineFailed } from './docker.ts';

const defaultVersion = '4.3.1';
const prefix = 'idp-test-kafka-';

/**
 * Takes the first Kafka that can be had: the brokers of `KAFKA_BROKERS`, a container, jars of Maven Central. An address that was
 * given is never replaced by something else. What is started here has the version of `TEST_KAFKA_VERSION`. Throws BackendMissingError.
 */
export async function findKafkaBackend(env: NodeJS.ProcessEnv): Promise<Backend> {
  const given = env.KAFKA_BROKERS;
  if (given !== undefined && given !== '')
    return { address: given, source: 'KAFKA_BROKERS', stop: () => Promise.resolve() };
  return firstBackend([dockerKafka, localKafka], env);
}

async function dockerKafka(env: NodeJS.ProcessEnv): Promise<Backend> {
  const image = `apache/kafka:${versionOf(env)}`;
  const { GenericContainer, Wait, getContainerRuntimeClient } = await containers(env);
  const engine = await getContainerRuntimeClient().catch(engineFailed);
  // Clients are sent to the address the broker tells them, so the port outside is chosen before it starts.
  const address = `${engine.info.containerRuntime.host}:${await freePort()}`;
  const container = await new GenericContainer(image)
    .withEnvironment(containerSettings(address))
    .withExposedPorts({ container: 9092, host: Number(address.split(':')[1]) })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .start()
    .catch(engineFailed);
  return { address, source: `Docker (${image})`, stop: async () => void (await container.stop()) };
}

/** Settings as the image takes them: names in capitals behind `KAFKA_`. */
function containerSettings(address: string): Record<string, string> {
  return {
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:29093',
    KAFKA_LISTENERS: 'CONTROLLER://:29093,CLIENTS://:9092,PLAINTEXT://:19092',
    KAFKA_ADVERTISED_LISTENERS: `CLIENTS://${address},PLAINTEXT://localhost:19092`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,CLIENTS:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_INTER_BROKER_LISTENER_NAME: 'PLAINTEXT',
    KAFKA_NUM_PARTITIONS: '12',
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '4',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
  };
}

async function localKafka(env: NodeJS.ProcessEnv): Promise<Backend> {
  await removeAbandoned(prefix, stopAbandonedKafka);
  const directory = await mkdtemp(join(tmpdir(), prefix));
  const server = await startKafka({ directory, version: versionOf(env) });
  return {
    address: server.bootstrapServers.join(),
    source: `Maven Central (${server.version})`,
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function versionOf({ TEST_KAFKA_VERSION: version = '' }: NodeJS.ProcessEnv): string {
  return version === '' ? defaultVersion : version;
}
