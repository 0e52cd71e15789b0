import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deferPorts, type PlatformPorts } from '@idp/auth';
import { createWakeSignal } from '@idp/events';
import { localFileKeyProvider } from '@idp/secrets';
import { startService, type AnyService, type HostResources, type RunningService } from '@idp/service';
import { testDatabase, type TestDatabase } from '../database/test-database.ts';
import { makeTestTenant, type People, type TestTenant } from './test-tenant.ts';

export interface TestFleetOptions {
  /** One of them provides the ports of auth. */
  services: readonly AnyService[];
  /** Binds the operations that make tenants and accounts to the running auth service. */
  people(auth: RunningService): People;
  /** Variables of the services, over cheap password hashing. */
  env?: NodeJS.ProcessEnv;
  egressAllow?: readonly string[];
  /** False leaves out the limits on how often something may be asked; default true. */
  rateLimits?: boolean;
  clock?: () => Date;
  /** Where the platform says it is reached; its scheme decides the names of cookies. Default `http://localhost:8080`. */
  publicUrl?: string;
  /** Where caches and rate limits are kept; default the memory of each service. */
  shared?: NonNullable<HostResources['shared']>;
}

/** Body and headers of a whole answer. */
export interface TestAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; throws when it is none. */
  json<T = Record<string, unknown>>(): T;
}

/** Services of one process on a database of their own, each reachable over HTTP. */
export interface TestFleet extends AsyncDisposable {
  database: TestDatabase;
  publicUrl: string;
  services: readonly RunningService[];
  ports: PlatformPorts;
  /** What a further process of the platform starts on, beside the database of its service. */
  host: Omit<HostResources, 'databaseUrls' | 'ports'>;
  /** `http://127.0.0.1:<port>` of a service. */
  baseUrl(service: string): string;
  request(
    service: string,
    request: { method?: string; url: string; headers?: Readonly<Record<string, string>>; body?: unknown },
  ): Promise<TestAnswer>;
  /** A tenant with this slug and one person in each role, made at the first call; every service knows it then. */
  tenant(slug: string): Promise<TestTenant>;
  /** Resolves when no event is on its way any more. */
  drain(): Promise<void>;
  /** All log lines of the services so far. */
  logs(): string;
}

const defaultUrl = 'http://localhost:8080';
const cheapHashing = { ARGON2_MEMORY_KIB: '8192', ARGON2_PASSES: '1' };

/** Starts services as the embedded host does, on the run's PostgreSQL. Everything real: HTTP, tokens, events. */
export async function startTestFleet(options: TestFleetOptions): Promise<TestFleet> {
  const stack = new AsyncDisposableStack();
  try {
    return await start(options, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function start(options: TestFleetOptions, stack: AsyncDisposableStack): Promise<TestFleet> {
  const database = stack.use(await testDatabase({ services: options.services }));
  const directory = await mkdtemp(join(tmpdir(), 'idp-fleet-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const lines: string[] = [];
  const running = new Map<string, RunningService>();
  const ports = deferPorts(() => authOf(running).ports!);
  const host: TestFleet['host'] = {
    mode: 'embedded',
    environment: 'test',
    env: { ...cheapHashing, ...options.env },
    publicUrl: options.publicUrl ?? defaultUrl,
    dataDirectory: directory,
    logDestination: { write: (line: string) => void lines.push(line) },
    databasePoolMax: 4,
    transportWake: createWakeSignal(),
    peers: (name) => running.get(name),
    secretsKeyProvider: await localFileKeyProvider({ file: join(directory, 'kek.json') }),
    cursorSecret: randomBytes(32),
    egressAllow: options.egressAllow ?? [],
    rateLimits: options.rateLimits ?? true,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.shared === undefined ? {} : { shared: options.shared }),
  };
  await Promise.all(
    options.services.map(async (definition) => {
      const service = await startService(definition, {
        ...host,
        ports,
        databaseUrls: database.urlsFor(definition.name),
      });
      stack.defer(() => service.stop({ deadlineMs: 5_000 }));
      await service.app.listen({ host: '127.0.0.1', port: 0 });
      running.set(definition.name, service);
    }),
  );
  if ([...running.values()].some((service) => service.ports !== undefined)) {
    ports.attach();
    await Promise.all([...running.values()].map((service) => service.permitted()));
  }
  return assemble({ options, stack, database, running, ports, lines, host });
}

interface Parts {
  options: TestFleetOptions;
  stack: AsyncDisposableStack;
  database: TestDatabase;
  running: ReadonlyMap<string, RunningService>;
  ports: PlatformPorts;
  lines: readonly string[];
  host: TestFleet['host'];
}

function assemble({ options, stack, database, running, ports, lines, host }: Parts): TestFleet {
  const services = [...running.values()];
  const tenants = new Map<string, Promise<TestTenant>>();
  const baseUrl = (service: string) =>
    `http://127.0.0.1:${(get(running, service).app.server.address() as AddressInfo).port}`;
  const fleet: TestFleet = {
    database,
    publicUrl: host.publicUrl,
    services,
    ports,
    host,
    baseUrl,
    request: (service, request) => send(baseUrl(service) + request.url, request),
    tenant(slug) {
      const known = tenants.get(slug) ?? make(slug);
      tenants.set(slug, known);
      return known;
    },
    drain: () => drain(services),
    logs: () => lines.join(''),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  async function make(slug: string): Promise<TestTenant> {
    const auth = authOf(running);
    const tenant = await makeTestTenant(slug, options.people(auth), async (credentials) => {
      const answer = await fleet.request(auth.name, { method: 'POST', url: '/api/v1/auth/login', body: credentials });
      if (answer.status !== 200) throw new Error(`login of ${credentials.email}: ${answer.status} ${answer.text}`);
      return answer.json<{ data: { accessToken: string } }>().data.accessToken;
    });
    await drain(services);
    return tenant;
  }
  return fleet;
}

async function send(
  url: string,
  request: { method?: string; headers?: Readonly<Record<string, string>>; body?: unknown },
): Promise<TestAnswer> {
  const { method = 'GET', headers = {}, body } = request;
  const content = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers: { ...type, ...headers }, redirect: 'manual', ...content });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: <T>() => JSON.parse(text) as T };
}

/** What one service emits another may answer with an event or a job of its own: it is over when all are still at the same time. */
async function drain(services: readonly RunningService[]): Promise<void> {
  for (;;) {
    for (const service of services) await service.events.drain();
    const still = await Promise.all(services.flatMap(({ events, jobs }) => [jobs.drained(), events.drained()]));
    if (still.every(Boolean)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function authOf(running: ReadonlyMap<string, RunningService>): RunningService {
  const auth = [...running.values()].find((service) => service.ports !== undefined);
  if (auth === undefined) throw new Error('no service of this fleet provides token keys and rights');
  return auth;
}

function get(running: ReadonlyMap<string, RunningService>, name: string): RunningService {
  const service = running.get(name);
  if (service === undefined) throw new Error(`${name} is no service of this fleet`);
  return service;
}
