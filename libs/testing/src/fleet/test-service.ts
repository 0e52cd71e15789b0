import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventType } from '@idp/contracts';
import { createWakeSignal, type KafkaSettings, type PublishInput } from '@idp/events';
import { localFileKeyProvider } from '@idp/secrets';
import { startService, type AnyService, type HostResources, type RunningService } from '@idp/service';
import { testDatabase } from '../database/test-database.ts';
import { createTestIdentities, type TestIdentities } from './test-identities.ts';
import { startTestProducer, type TestProducer } from './test-producer.ts';

export interface TestServiceOptions {
  service: AnyService;
  /** Other services whose events the test emits; default `auth`. */
  producers?: readonly string[];
  /** Brokers that carry the events, for this service alone: its topics are made there. Default the PostgreSQL bus. */
  kafka?: KafkaSettings;
  env?: NodeJS.ProcessEnv;
  /** An auth service the test plays; with it the service keeps a copy of the access snapshot. */
  auth?: HostResources['auth'];
  egressAllow?: readonly string[];
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly body: any;
}

export interface ServiceRequest {
  readonly token?: string;
  /** Text is sent as it is, everything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** One service alone, on a database of its own, reached over HTTP; people carry tokens of a key the test made. */
export interface TestService extends AsyncDisposable, Omit<TestIdentities, 'ports'> {
  readonly url: string;
  readonly running: RunningService;
  readonly adminUrl: string;
  request(method: string, path: string, options?: ServiceRequest): Promise<ServiceAnswer>;
  /** An event of another service; resolves when this service has done what it does about it. */
  emit<T extends EventType>(producer: string, tenantId: string, event: PublishInput<T>): Promise<void>;
  emitMany(producer: string, tenantId: string, events: readonly PublishInput[]): Promise<void>;
}

const publicUrl = 'http://localhost:8080';

export async function startTestService(options: TestServiceOptions): Promise<TestService> {
  const { service: definition, producers = ['auth'], kafka, env = {}, auth, egressAllow = [] } = options;
  const stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase({ services: [...producers.map((name) => ({ name })), definition] }));
  const directory = await mkdtemp(join(tmpdir(), 'idp-service-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const wake = createWakeSignal();
  const { ports, ...identities } = await createTestIdentities(publicUrl, [definition.permissions]);
  const running = await startService(definition, {
    mode: 'process',
    publicUrl,
    environment: 'test',
    env,
    logLevel: 'silent',
    databaseUrls: database.urlsFor(definition.name),
    transportWake: wake,
    ...(kafka !== undefined && { kafka }),
    ports,
    ...(auth !== undefined && { auth }),
    secretsKeyProvider: await localFileKeyProvider({ file: join(directory, 'kek.json') }),
    cursorSecret: randomBytes(32),
    egressAllow,
  });
  stack.defer(() => running.stop({ deadlineMs: 5000 }));
  const url = await running.app.listen({ port: 0, host: '127.0.0.1' });
  const started = new Map<string, Promise<TestProducer>>();
  stack.defer(async () => {
    for (const producer of started.values()) await (await producer)[Symbol.asyncDispose]();
  });
  function producerOf(name: string): Promise<TestProducer> {
    const producer =
      started.get(name) ?? startTestProducer({ service: name, urls: database.urlsFor(name), wake, kafka });
    started.set(name, producer);
    return producer;
  }
  return {
    ...identities,
    url,
    running,
    adminUrl: database.adminUrl,
    request: (method, path, request) => send(`${url}${path}`, method, request),
    async emit(name, tenantId, event) {
      await (await producerOf(name)).emit(tenantId, event);
      await running.events.drain();
    },
    async emitMany(name, tenantId, events) {
      await (await producerOf(name)).emitMany(tenantId, events);
      await running.events.drain({ timeoutMs: 120_000 });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function send(url: string, method: string, options: ServiceRequest = {}): Promise<ServiceAnswer> {
  const { token, body, headers = {} } = options;
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: jsonOf(text) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
