import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { derivePassword, serviceRoles } from '@idp/database';
import { services } from '@idp/gateway';
import { prepareDatabase, startPostgres } from '@idp/tools';
import { bench } from './sides/bench-service.ts';
import { startSide, type Side } from './side.ts';

const prefix = 'bench_';
const file = (path: string): string => new URL(path, import.meta.url).pathname;

/** A PostgreSQL of its own with every schema, and the means to start measured processes on it. */
export interface Setting extends AsyncDisposable {
  adminUrl: string;
  startFleet(): Promise<Side & { token: string }>;
  /** A service in a process of its own; `publicUrl` is the fleet's, whose tokens it takes. */
  startService(name: 'catalog' | 'bench', publicUrl: string, authUrl: string): Promise<Side>;
  startPeer(name: 'bare-fastify' | 'fastify-pg'): Promise<Side>;
}

const email = 'owner@localhost';
const password = 'a password of the bench only';

export async function createSetting(): Promise<Setting> {
  const directory = await mkdtemp(join(tmpdir(), 'idp-bench-'));
  const server = await startPostgres({ directory });
  const { adminUrl } = server;
  const sides: Side[] = [];
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
    async startService(name, publicUrl, authUrl) {
      // The fleet derived the passwords of its roles from this key; the same ones let the process in.
      const key = Buffer.from((await readFile(join(directory, 'state/secrets/database'), 'utf8')).trim(), 'base64url');
      const passwords = (role: string): string => derivePassword(key, role);
      await prepareDatabase({ adminUrl, services: [...services, bench], prefix, passwords });
      const env = await serviceEnvironment(name, { adminUrl, publicUrl, authUrl, directory, passwords });
      return started(name, './sides/own-service.ts', env);
    },
    async [Symbol.asyncDispose]() {
      for (const side of sides.toReversed()) await side[Symbol.asyncDispose]();
      await server.stop();
      await rm(directory, { recursive: true });
    },
  };
}

async function serviceEnvironment(
  name: string,
  options: {
    adminUrl: string;
    publicUrl: string;
    authUrl: string;
    directory: string;
    passwords: (role: string) => string;
  },
): Promise<Record<string, string>> {
  const { adminUrl, publicUrl, authUrl, directory, passwords } = options;
  const { app, relay } = serviceRoles(name, prefix);
  const urlOf = (role: string): string => {
    const url = new URL(adminUrl);
    url.username = role;
    url.password = passwords(role);
    return url.href;
  };
  return {
    BENCH_SERVICE: name,
    DATABASE_URL: urlOf(app),
    DATABASE_RELAY_URL: urlOf(relay),
    PUBLIC_URL: publicUrl,
    AUTH_URL: authUrl,
    CURSOR_SECRET: 'a cursor secret of the bench only, 32 bytes',
    SECRETS_FILE: join(directory, 'state', 'secrets', 'kek.json'),
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
    MANAGEMENT_PORT: String(await freePort()),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
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
