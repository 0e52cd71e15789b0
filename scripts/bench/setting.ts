import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { derivePassword, serviceRoles } from '@idp/database';
import { services } from '@idp/gateway';
import { freePort, prepareDatabase, prepareServiceKeys, startPostgres, type ServiceKeyFiles } from '@idp/tools';
import { registerTestService } from '../fault/stack/test-service.ts';
import { bench } from './sides/bench-service.ts';
import { startSide, type Side } from './side.ts';

const prefix = 'bench_';
const file = (path: string): string => new URL(path, import.meta.url).pathname;

/** A PostgreSQL of its own with every schema, and the means to start measured processes on it. */
export interface Setting extends AsyncDisposable {
  adminUrl: string;
  startFleet(): Promise<Side & { token: string }>;
  /** A service in a process of its own, beside one of auth; `publicUrl` is the fleet's, whose database and tokens they share. */
  startService(name: 'catalog' | 'bench', publicUrl: string): Promise<Side>;
  startPeer(name: 'bare-fastify' | 'fastify-pg'): Promise<Side>;
}

const email = 'owner@localhost';
const password = 'a password of the bench only';

export async function createSetting(): Promise<Setting> {
  const directory = await mkdtemp(join(tmpdir(), 'idp-bench-'));
  const server = await startPostgres({ directory });
  const { adminUrl } = server;
  const sides: Side[] = [];
  let apart: Promise<Apart> | undefined;
  const started = async (name: string, path: string, env: Record<string, string>): Promise<Side> => {
    const side = await startSide(name, file(path), env);
    sides.push(side);
    return side;
  };
  return {
    adminUrl,
    startPeer: (name) => started(name, `./peers/${name}.ts`, { BENCH_DATABASE_URL: adminUrl }),
    async startFleet() {
      const env = {
        DATABASE_URL: adminUrl,
        DATABASE_ROLE_PREFIX: prefix,
        IDP_DATA_DIR: join(directory, 'state'),
        RATE_LIMITS: 'off',
      };
      const login = { IDP_ADMIN_EMAIL: email, IDP_ADMIN_PASSWORD: password };
      const side = await started('fleet', './sides/fleet.ts', { ...env, ...login, PORT: '0', MANAGEMENT_PORT: '0' });
      const token = await logIn(side.ready['url'] ?? '');
      return Object.assign(side, { token });
    },
    async startService(name, publicUrl) {
      apart ??= startAuth({ adminUrl, publicUrl, directory }, started);
      return started(name, './sides/own-service.ts', await (await apart).environment(name));
    },
    async [Symbol.asyncDispose]() {
      for (const side of sides.toReversed()) await side[Symbol.asyncDispose]();
      await server.stop();
      await rm(directory, { recursive: true });
    },
  };
}

/** What services in processes of their own start with. */
interface Apart {
  environment(service: string): Promise<Record<string, string>>;
}

interface Place {
  adminUrl: string;
  publicUrl: string;
  directory: string;
}

/** The fleet's auth serves no other process: one of its own does, on the fleet's database and keys. */
async function startAuth(
  place: Place,
  start: (name: string, path: string, env: Record<string, string>) => Promise<Side>,
): Promise<Apart> {
  registerTestService(bench.name);
  // The fleet derived the passwords of its roles from this key; the same ones let the processes in.
  const text = await readFile(join(place.directory, 'state/secrets/database'), 'utf8');
  const key = Buffer.from(text.trim(), 'base64url');
  const passwords = (role: string): string => derivePassword(key, role);
  await prepareDatabase({ adminUrl: place.adminUrl, services: [...services, bench], prefix, passwords });
  const keyFiles = await prepareServiceKeys(place.directory, ['catalog', bench.name]);
  const authUrl = `http://127.0.0.1:${await freePort()}`;
  const environment = async (service: string): Promise<Record<string, string>> => ({
    ...(await serviceEnvironment(service, place, passwords)),
    ...keysOf(service, { authUrl, keyFiles }),
  });
  const env = { ...(await environment('auth')), BENCH_SERVICE: 'auth-with-bench' };
  await start('auth', './sides/own-service.ts', env);
  return { environment };
}

function keysOf(
  service: string,
  { authUrl, keyFiles }: { authUrl: string; keyFiles: ServiceKeyFiles },
): Record<string, string> {
  if (service === 'auth') return { PORT: new URL(authUrl).port, SERVICE_KEYS_FILE: keyFiles.all };
  return { AUTH_URL: authUrl, SERVICE_KEY_FILE: keyFiles.of(service) };
}

async function serviceEnvironment(
  service: string,
  { adminUrl, publicUrl, directory }: Place,
  passwords: (role: string) => string,
): Promise<Record<string, string>> {
  const { app, relay } = serviceRoles(service, prefix);
  const urlOf = (role: string): string => {
    const url = new URL(adminUrl);
    url.username = role;
    url.password = passwords(role);
    return url.href;
  };
  return {
    BENCH_SERVICE: service,
    DATABASE_URL: urlOf(app),
    DATABASE_RELAY_URL: urlOf(relay),
    PUBLIC_URL: publicUrl,
    CURSOR_SECRET: 'a cursor secret of the bench only, 32 bytes',
    SECRETS_FILE: join(directory, 'state', 'secrets', 'kek.json'),
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
    MANAGEMENT_PORT: String(await freePort()),
  };
}

async function logIn(url: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const { data } = (await answer.json()) as { data: { accessToken: string } };
  return data.accessToken;
}
