/** Ports of one node on 127.0.0.1. */
export interface NodePorts {
  client: number;
  /** What clients are told, the port of a proxy for instance. */
  advertised: number;
  internal: number;
  controller: number;
}

export interface NodeOptions {
  id: number;
  data: string;
  /** Of all nodes, in the order of their ids from 1. */
  nodes: readonly NodePorts[];
  /** Protocol of the listener for clients, `PLAINTEXT` to `SASL_SSL`. */
  protocol: string;
  settings: Readonly<Record<string, string>>;
}

/** `server.properties` of a node that is broker and controller in one, made for tests: small, quick to start and to notice. */
export function brokerProperties({ id, data, nodes, protocol, settings }: NodeOptions): string {
  const own = nodes[id - 1]!;
  const replicated = nodes.length > 1;
  const replicas = String(nodes.length);
  const inSync = String(Math.max(1, nodes.length - 1));
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    ...quorum(nodes),
    // Brokers speak to each other on a listener of their own, which is never behind a client's proxy.
    listeners: listeners(own, own.client),
    'advertised.listeners': listeners(own, own.advertised),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INTERNAL',
    'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,CLIENTS:${protocol}`,
    'log.dirs': data,
    'num.partitions': '12',
    'auto.create.topics.enable': 'false',
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'unclean.leader.election.enable': 'false',
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'group.initial.rebalance.delay.ms': '0',
    // Tests that wait for the end of a dead member's session choose a short one: 6 s is the shortest by default.
    'group.min.session.timeout.ms': '1000',
    // A killed broker may come back only when its old session has ended: 9 s by default.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    'log.segment.bytes': '16777216',
    'log.index.size.max.bytes': '1048576',
    'log.cleaner.dedupe.buffer.size': '16777216',
    'num.network.threads': '2',
    'num.io.threads': '4',
    ...(replicated ? { 'replica.lag.time.max.ms': '5000' } : {}),
    ...settings,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');
}

function listeners(ports: NodePorts, client: number): string {
  const { internal, controller } = ports;
  const addresses = { CLIENTS: client, INTERNAL: internal, CONTROLLER: controller };
  return Object.entries(addresses)
    .map(([name, port]) => `${name}://127.0.0.1:${port}`)
    .join();
}

/** One node forms a quorum by itself; several are told of each other, which `format` has to know as well. */
function quorum(nodes: readonly NodePorts[]): Record<string, string> {
  if (nodes.length === 1) return { 'controller.quorum.bootstrap.servers': `127.0.0.1:${nodes[0]!.controller}` };
  const voters = nodes.map(({ controller }, index) => `${index + 1}@127.0.0.1:${controller}`);
  return { 'controller.quorum.voters': voters.join() };
}
