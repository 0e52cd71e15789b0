import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWakeSignal, type WakeSignal } from '@idp/events';
import { localFileKeyProvider } from '@idp/secrets';
import { createHttpServer, startService, type HostResources, type RunningService } from '@idp/service';
import { auth, type AuthContext } from '../../src/service.ts';
import { authDatabase, type AuthDatabase } from './auth-database.ts';
import { send, type Answer, type RequestOptions } from './http-client.ts';

export const testOwner = { email: 'owner@localhost', password: 'nine blue whales walk home' };

/** The service on a database of its own, behind a real socket, with a clock that tests set. */
export interface RunningAuth extends AsyncDisposable {
  ctx: AuthContext;
  service: RunningService;
  database: AuthDatabase;
  sql: AuthDatabase['sql'];
  owner: typeof testOwner;
  publicUrl: string;
  /** Where it listens. */
  url: string;
  /** What another service of the same process is started with. */
  host: HostResources;
  wake: WakeSignal;
  clock: () => Date;
  /** Stops the clock at this many milliseconds after the moment of the last call without; that one stops it now. */
  setClock(aheadMs?: number): void;
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
}

const publicUrl = 'http://localhost:8080';
/** Cheap hashes: what they cost is measured elsewhere. */
const cheap = { ARGON2_MEMORY_KIB: '8192', ARGON2_PASSES: '1' };

/** Starts auth; without a database of the caller's it has its own, dropped at the end. */
export async function startAuth(
  options: {
    database?: AuthDatabase;
    env?: Record<string, string>;
  } & Pick<
    Partial<HostResources>,
    'dataDirectory' | 'shared' | 'rateLimits' | 'trustedProxies' | 'logDestination' | 'serviceUrls'
  > = {},
): Promise<RunningAuth> {
  const database = options.database ?? (await authDatabase());
  const keys = await keyDirectoryOf(database);
  let base = Date.now();
  let now = base;
  const clock = (): Date => new Date(now);
  const wake = createWakeSignal();
  const host: HostResources = {
    mode: 'process',
    environment: 'test',
    publicUrl,
    env: {
      ...cheap,
      IDP_ADMIN_EMAIL: testOwner.email,
      IDP_ADMIN_PASSWORD: testOwner.password,
      ...options.env,
    },
    logLevel: options.logDestination === undefined ? 'silent' : 'warn',
    databaseUrls: database.urlsFor('auth'),
    transportWake: wake,
    ...(options.dataDirectory !== undefined && { dataDirectory: options.dataDirectory }),
    ...(options.logDestination !== undefined && { logDestination: options.logDestination }),
    ...(options.shared !== undefined && { shared: options.shared }),
    ...(options.rateLimits !== undefined && { rateLimits: options.rateLimits }),
    ...(options.serviceUrls !== undefined && { serviceUrls: options.serviceUrls }),
    trustedProxies: options.trustedProxies ?? [],
    secretsKeyProvider: await localFileKeyProvider({ file: join(keys, 'kek.json') }),
    cursorSecret: Buffer.alloc(32, 1),
    clock,
  };
  const service = await startService(auth, host);
  const server = createHttpServer({ handle: (req, res) => service.app.routing(req, res) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ctx: service.context as AuthContext,
    service,
    database,
    sql: database.sql,
    owner: testOwner,
    publicUrl,
    url,
    host,
    wake,
    clock,
    setClock(aheadMs) {
      if (aheadMs === undefined) base = Date.now();
      now = base + (aheadMs ?? 0);
    },
    request: (method, path, request = {}) => send(url, method, path, request),
    async [Symbol.asyncDispose]() {
      server.close();
      await service.stop({ deadlineMs: 5_000 });
      if (options.database === undefined) {
        await database[Symbol.asyncDispose]();
        await rm(keys, { recursive: true });
      }
    },
  };
}

/** One key file a database: what one start sealed, the next must open. */
const keyDirectories = new WeakMap<AuthDatabase, Promise<string>>();

function keyDirectoryOf(database: AuthDatabase): Promise<string> {
  const known = keyDirectories.get(database) ?? mkdtemp(join(tmpdir(), 'idp-auth-test-'));
  keyDirectories.set(database, known);
  return known;
}
