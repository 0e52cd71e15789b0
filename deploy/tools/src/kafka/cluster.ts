import { join, resolve } from 'node:path';
import { freePort } from '../free-port.ts';
import { hasLiveOwner, takeOwnership } from '../owner-lock.ts';
import { preparePrivateFolder } from '../private-folder.ts';
import { stopMarked } from '../server-process.ts';
import { brokerMark, prepareBroker, type KafkaBroker } from './broker.ts';
import { kafkaJars, kafkaVersion } from './jars.ts';
import { findJava } from './java.ts';
import type { KafkaSecurity } from './security.ts';
import type { NodePorts } from './settings.ts';

export interface KafkaOptions {
  /** Holds one folder a broker; made when absent. */
  directory: string;
  /** Default 1. With three every topic is replicated three times and two replicas have to be in sync. */
  brokers?: 1 | 3;
  /** Default `4.3.1`; brokers of the line before are `3.9.2`. Others of Maven Central may do. */
  version?: string | undefined;
  /** Default: no TLS, no login. */
  security?: KafkaSecurity;
  /** Broker settings over the defaults, e.g. `{ 'message.max.bytes': '2097152' }`. */
  settings?: Readonly<Record<string, string>>;
  /** The port clients are told instead of the broker's own, e.g. that of a proxy to it. */
  advertise?: (broker: { id: number; port: number }) => number | Promise<number>;
  /** Gets every line the brokers log, one call a line. */
  onLog?: (line: string) => void;
}

export interface KafkaServer {
  /** `127.0.0.1:<port>` of every broker, as clients are told. */
  bootstrapServers: string[];
  /** `4.3.1`. */
  version: string;
  brokers: KafkaBroker[];
  /** Stops all brokers. Calling it again waits for the same stop. */
  stop(): Promise<void>;
}

const brokersMax = 3;

/**
 * Starts Kafka (KRaft, 127.0.0.1) from jars of Maven Central on a directory of its own, its data kept there. Brokers a
 * killed process left on the directory are ended first. Throws ToolError, one line to act on, for: no Java 17, no Maven while
 * the jars are not in the cache, an unwritable or foreign directory, a second live instance, a broker that does not come up.
 */
export async function startKafka(options: KafkaOptions): Promise<KafkaServer> {
  const directory = resolve(options.directory);
  const version = options.version ?? kafkaVersion;
  const java = await findJava();
  const jars = await kafkaJars(version);
  await preparePrivateFolder(directory);
  const release = takeOwnership(ownerFile(directory), directory, 'another directory');
  const brokers: KafkaBroker[] = [];
  try {
    await stopBrokers(directory);
    const nodes = await choosePorts(options);
    const { settings = {}, security = {}, onLog } = options;
    const shared = { nodes, java, jars, settings, security, onLog };
    const prepared = nodes.map((_, index) =>
      prepareBroker({ id: index + 1, directory: brokerFolder(directory, index + 1), ...shared }),
    );
    brokers.push(...(await Promise.all(prepared)));
    await Promise.all(brokers.map((broker) => broker.start()));
  } catch (error) {
    await Promise.allSettled(brokers.map((broker) => broker.kill()));
    release();
    throw error;
  }
  let stopping: Promise<void> | undefined;
  const stopAll = () => Promise.all(brokers.map((broker) => broker.stop()));
  return {
    bootstrapServers: brokers.map(({ port }) => `127.0.0.1:${port}`),
    version,
    brokers,
    stop: () => (stopping ??= stopAll().then(release)),
  };
}

/** Ends the brokers a killed process left in `directory`. False, and nothing done, while the process that started them lives. */
export async function stopAbandonedKafka(directory: string): Promise<boolean> {
  if (hasLiveOwner(ownerFile(directory))) return false;
  await stopBrokers(directory);
  return true;
}

async function stopBrokers(directory: string): Promise<void> {
  for (let id = 1; id <= brokersMax; id++) await stopMarked(brokerMark(brokerFolder(directory, id)));
}

async function choosePorts({ brokers = 1, advertise }: KafkaOptions): Promise<NodePorts[]> {
  const nodes: NodePorts[] = [];
  for (let id = 1; id <= brokers; id++) {
    const [client, internal, controller] = [await freePort(), await freePort(), await freePort()];
    const advertised = advertise === undefined ? client : await advertise({ id, port: client });
    nodes.push({ client, advertised, internal, controller });
  }
  return nodes;
}

function ownerFile(directory: string): string {
  return join(directory, 'owner');
}

function brokerFolder(directory: string, id: number): string {
  return join(directory, `broker-${id}`);
}
