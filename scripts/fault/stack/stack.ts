import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { derivePassword, serviceRoles } from '@idp/database';
import { services } from '@idp/gateway';
import type { AnyService } from '@idp/service';
import { openLink, type Link } from '@idp/testing/faults';
import {
  freePort,
  markProcess,
  prepareDatabase,
  prepareServiceKeys,
  startKafka,
  startRedis,
  type KafkaServer,
  type RedisServer,
} from '@idp/tools';
import { directoryPrefix, ownerFile } from './abandoned.ts';
import { startLocalPostgres, type LocalPostgres } from './postgres.ts';
import { startRecorder, type Recorder } from './recorder.ts';
import { createServiceProcess, type ServiceProcess } from './service-process.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';
import { createTenants, type Operator, type Tenant } from './tenants.ts';

export type Transport = 'postgres' | 'kafka';

export interface StackOptions {
  transport: Transport;
  /** Brokers of Kafka. */
  brokers: 1 | 3;
  seed: number;
  /** The ledger as its process will run it, for its schema. */
  ledger: AnyService;
  /** Arguments of Node for the ledger's processes: a mutant. */
  ledgerArgv?: readonly string[];
  /** Variables for them. */
  ledgerEnv?: Readonly<Record<string, string>>;
}

/** Real servers and real service processes, each on ports of its own and behind links. */
export interface Stack extends AsyncDisposable {
  directory: string;
  transport: Transport;
  postgres: LocalPostgres;
  redis: RedisServer;
  /** Undefined with transport `postgres`. */
  kafka: KafkaServer | undefined;
  /** What its logs lie on; undefined where there cannot be one. */
  kafkaDisk: SmallDisk | undefined;
  /** `ledger-1/postgres`, `kafka-1`, `redis`, `auth`: what the processes reach servers and auth by. */
  links: ReadonlyMap<string, Link>;
  processes: readonly ServiceProcess[];
  tenants: readonly Tenant[];
  /** Of the platform. */
  operator: Operator;
  /** What the ledger's jobs tell of transfers. */
  recorder: Recorder;
  /** Ids of events that no client caused: those a fault has planted. */
  planted: Set<string>;
  /** While this file is there, the ledger has a bug (`ledger/trouble.ts`). */
  troubleFile: string;
  /** Login of a service's app role, past every link. */
  databaseUrl(service: string): string;
  process(name: string): ServiceProcess;
  link(name: string): Link;
}

const instances = [
  { name: 'auth', service: 'auth' },
  { name: 'catalog', service: 'catalog' },
  { name: 'ledger-1', service: 'ledger' },
  { name: 'ledger-2', service: 'ledger' },
] as const;
const mains = {
  auth: '../ledger/auth-main.ts',
  catalog: '../../../services/catalog/src/main.ts',
  ledger: '../ledger/main.ts',
};
const publicUrl = 'http://localhost:8080';
const rolePrefix = 'fault_';

export async function startStack(options: StackOptions): Promise<Stack> {
  const stack = new AsyncDisposableStack();
  try {
    return await start(options, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function start(options: StackOptions, stack: AsyncDisposableStack): Promise<Stack> {
  const directory = mkdtempSync(join(tmpdir(), directoryPrefix));
  markProcess(ownerFile(directory), process.pid);
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const links = new Map<string, Link>();
  const link = async (name: string, target: number): Promise<number> => {
    const opened = stack.use(await openLink({ target, seed: options.seed + links.size }));
    links.set(name, opened);
    return opened.port;
  };
  const recorder = stack.use(await startRecorder());
  const servers = await startServers(options, directory, link, stack);
  const { adminUrl } = servers.postgres;
  const key = randomBytes(32);
  const passwords = (role: string): string => derivePassword(key, role);
  const prepared = [...services, options.ledger];
  await prepareDatabase({ adminUrl, services: prepared, prefix: rolePrefix, passwords });

  const common = {
    PATH: process.env['PATH'] ?? '',
    NODE_ENV: 'test',
    NODE_COMPILE_CACHE:
      process.env['NODE_COMPILE_CACHE'] ?? new URL('../../../.tools/compile-cache', import.meta.url).pathname,
    UV_THREADPOOL_SIZE: '8',
    HOST: '127.0.0.1',
    PUBLIC_URL: publicUrl,
    CURSOR_SECRET: randomBytes(32).toString('hex'),
    SECRETS_FILE: join(directory, 'kek.json'),
    RATE_LIMITS: 'off',
    ARGON2_MEMORY_KIB: '8192',
    ARGON2_PASSES: '1',
    IDP_DEMO: 'false',
    LEDGER_NOTICES_URL: recorder.url,
    LEDGER_TROUBLE_FILE: join(directory, 'trouble'),
    ...servers.env,
  };
  const urlOf = (role: string, port: number): string =>
    `postgresql://${role}:${passwords(role)}@127.0.0.1:${port}/postgres`;
  const rolesOf = (service: string) => serviceRoles(service, rolePrefix);
  const { tenants, operator } = await createTenants(['alpha', 'beta'], {
    adminUrl,
    databaseUrls: {
      app: urlOf(rolesOf('auth').app, servers.postgres.port),
      relay: urlOf(rolesOf('auth').relay, servers.postgres.port),
    },
    publicUrl,
    secretsFile: common.SECRETS_FILE,
    cursorSecret: common.CURSOR_SECRET,
    accounts: 10,
  });

  const processes: ServiceProcess[] = [];
  const keyFiles = await prepareServiceKeys(directory, ['catalog', 'ledger']);
  const ports = new Map<string, number>();
  for (const { name } of instances) ports.set(name, await freePort());
  const wayToAuth = await link('auth', ports.get('auth')!);
  for (const { name, service } of instances) {
    const port = await link(`${name}/postgres`, servers.postgres.port);
    const { app, relay } = rolesOf(service);
    const env = {
      ...common,
      PORT: String(ports.get(name)),
      MANAGEMENT_PORT: String(await freePort()),
      DATABASE_URL: urlOf(app, port),
      DATABASE_RELAY_URL: urlOf(relay, port),
      ...(service === 'ledger' ? { ...options.ledgerEnv, FAULT_ADMIN_URL: adminUrl } : {}),
      ...(service === 'auth'
        ? { SERVICE_KEYS_FILE: keyFiles.all, SERVICE_URLS: `catalog=http://127.0.0.1:${ports.get('catalog')}` }
        : { AUTH_URL: `http://127.0.0.1:${wayToAuth}`, SERVICE_KEY_FILE: keyFiles.of(service) }),
    };
    const main = new URL(mains[service], import.meta.url).pathname;
    const execArgv = ['--disable-proto=throw', ...(service === 'ledger' ? (options.ledgerArgv ?? []) : [])];
    const created = createServiceProcess({
      name,
      main,
      execArgv,
      env,
      directory,
      logFile: join(directory, `${name}.log`),
    });
    stack.defer(async () => void (await created.stop()));
    processes.push(created);
  }
  await processes[0]!.start();
  await Promise.all(processes.slice(1).map((each) => each.start()));
  return {
    directory,
    transport: options.transport,
    postgres: servers.postgres,
    redis: servers.redis,
    kafka: servers.kafka,
    kafkaDisk: servers.kafkaDisk,
    links,
    processes,
    tenants,
    operator,
    recorder,
    planted: new Set(),
    troubleFile: common.LEDGER_TROUBLE_FILE,
    databaseUrl: (service) => urlOf(rolesOf(service).app, servers.postgres.port),
    process: (name) =>
      found(
        processes.find((each) => each.name === name),
        name,
      ),
    link: (name) => found(links.get(name), name),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

interface Servers {
  postgres: LocalPostgres;
  redis: RedisServer;
  kafka: KafkaServer | undefined;
  kafkaDisk: SmallDisk | undefined;
  /** What tells services of Kafka and Redis. */
  env: Record<string, string>;
}

async function startServers(
  { transport, brokers }: StackOptions,
  directory: string,
  link: (name: string, target: number) => Promise<number>,
  stack: AsyncDisposableStack,
): Promise<Servers> {
  const kafkaDisk = transport === 'postgres' ? undefined : mountSmallDisk(join(directory, 'kafka'));
  stack.defer(() => kafkaDisk?.remove());
  const [postgres, redis, kafka] = await Promise.all([
    startLocalPostgres(join(directory, 'postgres')),
    startRedis({ directory: join(directory, 'redis') }),
    transport === 'postgres'
      ? undefined
      : startKafka({
          directory: join(directory, 'kafka'),
          brokers,
          advertise: ({ id, port }) => link(`kafka-${id}`, port),
        }),
  ]);
  for (const server of [postgres, redis, kafka]) stack.defer(async () => server?.stop());
  const redisPort = await link('redis', Number(new URL(redis.url).port));
  const env: Record<string, string> = { REDIS_URL: `redis://127.0.0.1:${redisPort}` };
  if (kafka !== undefined) env['KAFKA_BROKERS'] = kafka.bootstrapServers.join();
  return { postgres, redis, kafka, kafkaDisk, env };
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`no ${name} in this stack`);
  return value;
}
