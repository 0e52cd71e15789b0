import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWakeSignal } from '@idp/events';
import { localFileKeyProvider } from '@idp/secrets';
import { startService } from '@idp/service';
import type { AnyService, HostResources, RunningService } from '@idp/service';
import { testDatabase } from '../../src/index.ts';
import type { TestDatabase } from '../../src/index.ts';
import type { OpenApiDocument } from '../../src/hostile/openapi/document.ts';
import type { Target } from '../../src/hostile/target.ts';
import { platformSchemas } from './services.ts';
import { startSources } from './sources.ts';
import type { Sources } from './sources.ts';

/** Services on sockets of their own, on one database, with everything they log. */
export interface Platform extends AsyncDisposable {
  database: TestDatabase;
  running: readonly RunningService[];
  targets: readonly Target[];
  logs(): string;
  /** Where typed addresses of the tests lead. */
  sources: Sources;
  /** Resolves when every event has been handled. */
  drain(): Promise<void>;
}

const publicUrl = 'http://idp.test';

export async function startPlatform(
  services: readonly AnyService[],
  env: Record<string, string> = {},
): Promise<Platform> {
  const database = await testDatabase({
    services: [...platformSchemas(), ...services.filter((service) => !isPlatformService(service))],
  });
  const sources = await startSources();
  const directory = await mkdtemp(join(tmpdir(), 'idp-security-'));
  const lines: string[] = [];
  const running: RunningService[] = [];
  const host = await hostFor(directory, lines, env, running);
  // auth first: the others ask it for keys and roles.
  for (const definition of services.toSorted(
    (left, right) => Number(right.name === 'auth') - Number(left.name === 'auth'),
  )) {
    running.push(await startService(definition, { ...host, databaseUrls: database.urlsFor(definition.name) }));
  }
  const targets = await Promise.all(running.map(listen));
  return {
    database,
    running,
    targets,
    logs: () => lines.join(''),
    sources,
    async drain() {
      const deadline = performance.now() + 30_000;
      while (!(await Promise.all(running.map(({ events }) => events.drained()))).every(Boolean)) {
        if (performance.now() > deadline) throw new Error('events are still on their way');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async [Symbol.asyncDispose]() {
      for (const service of running.toReversed()) await service.stop({ deadlineMs: 3_000 });
      await sources[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function isPlatformService({ name }: AnyService): boolean {
  return platformSchemas().some((schema) => schema.name === name);
}

async function hostFor(
  directory: string,
  lines: string[],
  env: Record<string, string>,
  running: readonly RunningService[],
): Promise<Omit<HostResources, 'databaseUrls'>> {
  return {
    mode: 'embedded',
    environment: 'test',
    publicUrl,
    // Passwords of tests need no strength: hashing them must only be real.
    env: { ARGON2_MEMORY_KIB: '8192', ARGON2_PASSES: '1', HASH_QUEUE: '1000', ...env },
    logLevel: 'info',
    logDestination: { write: (line: string) => void lines.push(line) },
    transportWake: createWakeSignal(),
    ports: () => {
      const ports = running.find((service) => service.ports !== undefined)?.ports;
      if (ports === undefined) throw new Error('auth is not running');
      return ports;
    },
    secretsKeyProvider: await localFileKeyProvider({ file: join(directory, 'key') }),
    cursorSecret: randomBytes(32),
    egressAllow: ['127.0.0.1@fetch'],
  };
}

async function listen(service: RunningService): Promise<Target> {
  await service.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = service.app.server.address() as AddressInfo;
  return {
    name: service.name,
    baseUrl: `http://127.0.0.1:${port}`,
    document: (await service.openapi()) as OpenApiDocument,
    ready: () => Promise.resolve(service.health().ready),
  };
}
