import { copyFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { localFileKeyProvider } from '@idp/secrets';
import { freePort, prepareServiceKeys } from '@idp/tools';
import { catalogDirectories, type HostConfig } from '../embedded/host/config.ts';
import type { FleetDatabase } from '../embedded/state/fleet-database.ts';
import { randomSecret, type StateDirectory } from '../embedded/state/state-directory.ts';
import type { Servers } from './servers.ts';

/** Where one process answers. */
export interface ProcessUrls {
  http: string;
  management: string;
}

export interface EnvironmentOptions {
  config: HostConfig;
  state: StateDirectory;
  database: FleetDatabase;
  servers: Servers;
  publicUrl: string;
  /** Names of the services, without the edge. */
  services: readonly string[];
  env: NodeJS.ProcessEnv;
  adminPassword: string | undefined;
}

/** What the processes of the fleet are started with, and where they answer. */
export interface FleetEnvironment {
  urls: Readonly<Record<string, ProcessUrls>>;
  /** Ports at which the edge serves Envoy alone. */
  edgePorts: { limits: number; authz: number };
  of(process: string): Record<string, string>;
}

/** Name of the gateway's own process. */
export const edgeName = 'edge';

/** The launcher's own, and what every process gets another value of. */
const notPassedOn = [
  'DATABASE_URL',
  'DATABASE_RELAY_URL',
  'DATABASE_BUS_URL',
  'DATABASE_ROLE_PREFIX',
  'IDP_ADMIN_PASSWORD',
  'SERVICE_KEYS_FILE',
];

/**
 * Gives every process ports of its own, its two logins to the database, its key by which auth knows it, and the key-encryption keys, all
 * below `secrets/<service>/` of the state directory. The edge has no database.
 */
export async function prepareEnvironment(options: EnvironmentOptions): Promise<FleetEnvironment> {
  const { config, state, database, servers, publicUrl, services } = options;
  const secrets = join(state.path, 'secrets');
  const keys = await prepareServiceKeys(secrets, [...services.filter((name) => name !== 'auth'), edgeName]);
  await shareKeyEncryptionKeys(state, services);
  const urls = await choosePorts([...services, edgeName]);
  const edgePorts = { limits: await freePort(), authz: await freePort() };
  const common: Record<string, string> = {
    ...passedOn(options.env),
    NODE_ENV: config.NODE_ENV,
    HOST: '127.0.0.1',
    PUBLIC_URL: publicUrl,
    IDP_DATA_DIR: state.path,
    CURSOR_SECRET: (await state.secret('cursors', randomSecret)).value,
    KAFKA_BROKERS: servers.kafkaBrokers.join(),
    REDIS_URL: servers.redisUrl,
    SERVICE_URLS: services.map((name) => `${name}=${urls[name]!.http}`).join(),
  };
  return {
    urls,
    edgePorts,
    of(name) {
      const own = urls[name]!;
      const env = {
        ...common,
        PORT: new URL(own.http).port,
        MANAGEMENT_PORT: new URL(own.management).port,
        OTEL_SERVICE_NAME: name,
      };
      const toAuth = { AUTH_URL: urls['auth']!.http, SERVICE_KEY_FILE: keys.of(name) };
      if (name === edgeName) return { ...env, ...toAuth, ...edgeVariables(options, edgePorts, urls) };
      const { app, relay } = database.urlsFor(name);
      const stored: Record<string, string> = {
        DATABASE_URL: app,
        DATABASE_RELAY_URL: relay!,
        SECRETS_FILE: keyFileOf(state, name),
      };
      if (name === 'auth') return { ...env, ...stored, SERVICE_KEYS_FILE: keys.all, ...firstOwner(options) };
      return { ...env, ...stored, ...toAuth, CATALOG_DIRECTORIES: absolute(catalogDirectories(config)).join() };
    },
  };
}

function passedOn(env: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(env).filter(
    ([name, value]) => value !== undefined && !notPassedOn.includes(name.replace(/_FILE$/, '')),
  );
  return Object.fromEntries(kept) as Record<string, string>;
}

async function choosePorts(names: readonly string[]): Promise<Record<string, ProcessUrls>> {
  const urls: Record<string, ProcessUrls> = {};
  for (const name of names) {
    const [http, management] = [await freePort(), await freePort()];
    urls[name] = { http: `http://127.0.0.1:${http}`, management: `http://127.0.0.1:${management}` };
  }
  return urls;
}

/** Every service has a file of its own; they hold the keys of the embedded host, so that either host reads what the other wrote. */
async function shareKeyEncryptionKeys(state: StateDirectory, services: readonly string[]): Promise<void> {
  const file = state.secretFile('kek.json');
  await localFileKeyProvider({ file });
  for (const service of services) await copyFile(file, keyFileOf(state, service));
}

function keyFileOf(state: StateDirectory, service: string): string {
  return state.secretFile(join(service, 'kek.json'));
}

function firstOwner({ config, adminPassword }: EnvironmentOptions): Record<string, string> {
  return {
    IDP_ADMIN_EMAIL: config.IDP_ADMIN_EMAIL,
    ...(adminPassword !== undefined && { IDP_ADMIN_PASSWORD: adminPassword }),
  };
}

function edgeVariables(
  { config }: EnvironmentOptions,
  ports: FleetEnvironment['edgePorts'],
  urls: FleetEnvironment['urls'],
): Record<string, string> {
  const services = Object.keys(urls).filter((name) => name !== edgeName);
  return {
    RATE_LIMIT_PORT: String(ports.limits),
    AUTHZ_PORT: String(ports.authz),
    EXPOSE_DOCS: String(config.EXPOSE_DOCS),
    MANAGEMENT_URLS: services.map((name) => `${name}=${urls[name]!.management}`).join(),
  };
}

function absolute(folders: readonly string[]): string[] {
  return folders.map((folder) => resolve(folder));
}
