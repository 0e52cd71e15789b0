import { fileURLToPath } from 'node:url';
import { createTelemetry, type Logger } from '@idp/telemetry';
import { freePort } from '@idp/tools';
import { createCleanup, type Cleanup } from '../embedded/host/cleanup.ts';
import type { HostConfig } from '../embedded/host/config.ts';
import { firstOwnerPassword, type FirstOwnerPassword } from '../embedded/state/admin-password.ts';
import { openFleetDatabase } from '../embedded/state/fleet-database.ts';
import { prepareFleetTopics } from '../embedded/state/fleet-topics.ts';
import { openStateDirectory } from '../embedded/state/state-directory.ts';
import { services } from '../services.ts';
import { edgeName, prepareEnvironment, type FleetEnvironment, type ProcessUrls } from './environment.ts';
import { openEnvoy } from './envoy.ts';
import { openServers, type Servers } from './servers.ts';
import { startProcess, type ProcessPlace } from './supervised-process.ts';

/** The platform as production runs it: every service, the edge and Envoy in processes of their own. */
export interface ProcessFleet extends Servers {
  /** Where Envoy answers. */
  publicUrl: string;
  /** A login that may create roles. */
  databaseUrl: string;
  database: string;
  envoy: string;
  password: FirstOwnerPassword;
  /** What each process prints is in `<name>.log` here. */
  logDirectory: string;
  processes: Readonly<Record<string, ProcessUrls>>;
  log: Logger;
  /** Ends Envoy, then the processes, then the servers. Calling it again waits for the same stop. */
  stop(): Promise<void>;
}

/** The other stream belongs to whoever reads what was started. */
const toStderr = { write: (line: string) => void process.stderr.write(line) };
const root = new URL('../../', import.meta.url);

/**
 * Starts the servers the variables do not name, brings database and topics to this release, starts all processes, then Envoy. When a step
 * fails, what was started before is stopped and the error thrown.
 */
export async function startProcesses(config: HostConfig, env: NodeJS.ProcessEnv): Promise<ProcessFleet> {
  const cleanup = createCleanup();
  try {
    return await start(config, env, cleanup);
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

async function start(config: HostConfig, env: NodeJS.ProcessEnv, cleanup: Cleanup): Promise<ProcessFleet> {
  const level = config.LOG_LEVEL === 'info' ? 'warn' : config.LOG_LEVEL;
  const telemetry = createTelemetry({
    service: 'fleet',
    version: config.SERVICE_VERSION,
    level,
    destination: toStderr,
  });
  cleanup.add(() => telemetry[Symbol.asyncDispose]());
  const log = telemetry.logger;
  const state = await openStateDirectory(config.IDP_DATA_DIR);
  const place = { directory: state.path, cleanup, log };
  const [database, servers] = await Promise.all([
    openFleetDatabase(config, state, (line) => log.debug({ component: 'postgres' }, line)).then((opened) => {
      cleanup.add(() => opened.stop());
      return opened;
    }),
    openServers(config, place),
  ]);
  const quiet = { info: log.debug.bind(log), warn: log.warn.bind(log) };
  await Promise.all([
    database.prepare(services, quiet),
    prepareFleetTopics({ ...config, KAFKA_BROKERS: servers.kafkaBrokers }, services, log),
  ]);
  const port = config.PORT === 0 ? await freePort() : config.PORT;
  const publicUrl = config.PUBLIC_URL ?? `http://localhost:${port}`;
  const password = await firstOwnerPassword(config, state);
  const environment = await prepareEnvironment({
    config,
    state,
    database,
    servers,
    publicUrl,
    services: services.map(({ name }) => name),
    env,
    adminPassword: password.value,
  });
  await startAll(environment, place);
  const envoy = await openEnvoy(
    { config, port, publicUrl, environment, collector: env['OTEL_EXPORTER_OTLP_ENDPOINT'] },
    place,
  );
  await state.markStarted(config.SERVICE_VERSION);
  return {
    ...servers,
    publicUrl,
    databaseUrl: database.adminUrl,
    database: database.description,
    envoy: envoy.version,
    password,
    logDirectory: `${state.path}/logs`,
    processes: environment.urls,
    log,
    stop: () => cleanup.run(),
  };
}

/** Auth first: the others ask it for their permissions. They stop side by side. */
async function startAll(environment: FleetEnvironment, place: ProcessPlace & { cleanup: Cleanup }): Promise<void> {
  const stops: (() => Promise<void>)[] = [];
  place.cleanup.add(() => Promise.all(stops.map((stop) => stop())));
  const run = async (name: string): Promise<void> => {
    const { stop } = await startProcess({ name, main: mainOf(name), env: environment.of(name) }, place);
    stops.push(stop);
  };
  await run('auth');
  const others = Object.keys(environment.urls).filter((name) => name !== 'auth');
  const results = await Promise.allSettled(others.map(run));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function mainOf(name: string): string {
  const path = name === edgeName ? 'gateway/edge/main.ts' : `services/${name}/src/main.ts`;
  return fileURLToPath(new URL(path, root));
}
