import { existsSync, renameSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runProgram } from '../process.ts';
import { createServerProcess, type ServerProcess } from '../server-process.ts';
import { ToolError, lastLine } from '../tool-error.ts';
import type { Java } from './java.ts';
import { clientProtocol, scramArguments, securityProperties, type KafkaSecurity } from './security.ts';
import { brokerProperties, type NodePorts } from './settings.ts';

/** One broker of a local cluster. `port` is the one clients are told. */
export interface KafkaBroker extends ServerProcess {
  readonly id: number;
  readonly port: number;
}

export interface BrokerOptions {
  id: number;
  directory: string;
  nodes: readonly NodePorts[];
  settings: Readonly<Record<string, string>>;
  security: KafkaSecurity;
  java: Java;
  jars: string;
  onLog?: ((line: string) => void) | undefined;
}

const readyTimeoutMs = 120_000;
const stopTimeoutMs = 10_000;
/** Any id of this form does: a node only refuses data of a cluster with another one. */
const clusterId = '4L6g3nShT-eMCtK--X86sw';
const modestJava = [
  '-Xms64m',
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:+ExitOnOutOfMemoryError',
];
const logLevels = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
];

/** Writes the settings and, for a new data directory, formats it. Throws ToolError when Kafka refuses them. */
export async function prepareBroker(options: BrokerOptions): Promise<KafkaBroker> {
  const { id, directory, nodes, security, java, jars } = options;
  const data = join(directory, 'data');
  const config = join(directory, 'server.properties');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const settings = { ...(await securityProperties(security, directory)), ...options.settings };
  const properties = brokerProperties({ id, data, nodes, protocol: clientProtocol(security), settings });
  await writeFile(config, properties, { mode: 0o600 });
  const classes = sharedClasses(jars, java);
  if (!existsSync(join(data, 'meta.properties'))) await format({ ...options, classes, config });
  const server = createServerProcess({
    name: `Kafka broker ${id}`,
    markFile: brokerMark(directory),
    directory,
    ready: 'Kafka Server started',
    readyTimeoutMs,
    stopTimeoutMs,
    onLog: options.onLog,
    command: () => ({
      program: java.program,
      args: [...modestJava, ...logLevels, ...classes.flags(), '-cp', `${jars}/*`, 'kafka.Kafka', config],
    }),
    onStopped: classes.keep,
  });
  return Object.assign(server, { id, port: nodes[id - 1]!.advertised });
}

export function brokerMark(directory: string): string {
  return join(directory, 'process');
}

async function format(options: BrokerOptions & { classes: SharedClasses; config: string }): Promise<void> {
  const { java, jars, classes, config, nodes, security } = options;
  const standalone = nodes.length === 1 ? ['--standalone'] : [];
  const users = scramArguments(security);
  const tool = ['kafka.tools.StorageTool', 'format', ...standalone, '-t', clusterId, '-c', config, ...users];
  const flags = [...modestJava, ...logLevels, ...classes.use()];
  const { code, output } = await runProgram(java.program, [...flags, '-cp', `${jars}/*`, ...tool]);
  if (code !== 0) throw new ToolError(`Kafka could not format ${dirname(config)}: ${lastLine(output)}`);
}

interface SharedClasses {
  /** For a broker: with the archive when there is one, else so that its orderly stop makes one. */
  flags(): string[];
  use(): string[];
  /** Keeps the archive a stopped broker has made. */
  keep(): void;
}

/** An archive of loaded classes beside the jars halves the time to start; Java ignores one of another build. */
function sharedClasses(jars: string, java: Java): SharedClasses {
  const archive = join(dirname(jars), `java-${java.build}.jsa`);
  const draft = `${archive}.${process.pid}`;
  const silent = ['-Xshare:auto', '-Xlog:cds=off', '-Xlog:cds+dynamic=off', '-Xlog:class+path=off'];
  const use = () => (existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`, ...silent] : []);
  return {
    use,
    flags: () => (existsSync(archive) ? use() : [`-XX:ArchiveClassesAtExit=${draft}`, ...silent]),
    keep() {
      if (!existsSync(draft)) return;
      if (existsSync(archive)) rmSync(draft, { force: true });
      else renameSync(draft, archive);
    },
  };
}
