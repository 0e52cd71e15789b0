import { deferPorts, remotePorts, type DeferredPorts } from '@idp/auth';
import {
  createKafkaTransport,
  openInstances,
  prepareKafkaTopics,
  type InstanceConsumer,
  type KafkaSettings,
} from '@idp/events';
import type { Telemetry } from '@idp/telemetry';
import { createBackgroundRunner } from '../host/background.ts';
import { openReplica, type AuthService } from './open-replica.ts';
import { replicaConsumers } from './replica-consumers.ts';

/** What auth says, in a process that serves no service. */
export interface FollowedAccess extends AsyncDisposable {
  /** Token keys and API keys over HTTP, the access snapshot and revocations by events. */
  ports: DeferredPorts;
}

export interface FollowAccessOptions {
  /** Name of the process, also of its consumers: `<name>.access` and `<name>.revocations` in proto/topics.yaml. */
  name: string;
  auth: AuthService;
  /** Without it nothing is heard of rights, plans and revocations: keys are remembered for 30 s, tokens hold until they end. */
  kafka: KafkaSettings | undefined;
  environment: 'production' | 'development' | 'test';
  telemetry: Telemetry;
}

const closeMs = 1_000;

/** The ports of auth without a database. Resolves when the snapshot that lies on the brokers has been read. */
export async function followAccess(options: FollowAccessOptions): Promise<FollowedAccess> {
  const { name, auth, kafka, environment, telemetry } = options;
  const { logger, metrics } = telemetry;
  const { replica, catchUp, ...opened } = openReplica({ auth, manifest: {}, telemetry, clock: () => new Date() });
  const { port, revocations } = replica;
  const remote = remotePorts({ authUrl: auth.url, serviceKey: auth.key });
  const ports = deferPorts(() => ({ ...remote, access: port, revocations }));
  ports.attach();
  if (kafka === undefined) return { ports, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
  const production = environment === 'production';
  await prepareKafkaTopics({ settings: kafka, service: name, create: !production, production, logger });
  const transport = createKafkaTransport({ settings: kafka, service: name, logger, metrics });
  const consumers = replicaConsumers(name, replica) as InstanceConsumer[];
  const background = createBackgroundRunner({ logger, metrics });
  const close = async (): Promise<void> => {
    await background.stop(closeMs);
    await transport.close();
    await opened[Symbol.asyncDispose]();
  };
  try {
    const instances = await openInstances({ service: name, transport, metrics, logger }, consumers);
    background.start(catchUp);
    await instances.ready;
    return {
      ports,
      async [Symbol.asyncDispose]() {
        await instances.close(closeMs);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
