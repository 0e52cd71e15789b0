import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isRequired, type Backend } from '../backends/backend.ts';
import { findEnvoyBackend } from '../backends/envoy-backend.ts';
import { findKafkaBackend } from '../backends/kafka-backend.ts';
import { findRedisBackend } from '../backends/redis-backend.ts';

/** Servers a test file asks for when it needs them. */
export type ServerKind = 'envoy' | 'kafka' | 'redis';

/** The answer to a test file: the server's address, or why there is none. */
export type ServerAnswer = { address: string } | { missing: string; required: boolean };

/** Starts servers for the test files of a run, each at the first file that needs it. */
export interface OnDemandServers {
  /** Where the processes of test files ask; holds a secret. */
  url: string;
  /** Stops what was started and says how many files were skipped. */
  stop(): Promise<void>;
}

type Finder = (env: NodeJS.ProcessEnv) => Promise<Backend>;

const finders: Record<ServerKind, Finder> = {
  envoy: findEnvoyBackend,
  kafka: findKafkaBackend,
  redis: findRedisBackend,
};
const names: Record<ServerKind, string> = { envoy: 'Envoy', kafka: 'Kafka', redis: 'Redis' };

export async function serveOnDemand(env: NodeJS.ProcessEnv): Promise<OnDemandServers> {
  const secret = randomBytes(16).toString('hex');
  const started = new Map<ServerKind, Promise<Backend>>();
  const skipped = new Map<string, Set<string>>();

  function backendOf(kind: ServerKind): Promise<Backend> {
    const known = started.get(kind);
    if (known !== undefined) return known;
    const starting = finders[kind](env);
    started.set(kind, starting);
    void starting.then(
      ({ source }) => process.stdout.write(`tests use ${names[kind]} from ${source}\n`),
      () => undefined,
    );
    return starting;
  }

  async function answer(kind: ServerKind, file: string): Promise<ServerAnswer> {
    try {
      return { address: (await backendOf(kind)).address };
    } catch (error) {
      const missing = error instanceof Error ? error.message : String(error);
      const required = isRequired(kind, env);
      if (!required) {
        const line = `backend=${kind} reason=${missing}`;
        skipped.set(line, (skipped.get(line) ?? new Set()).add(file));
        process.stderr.write(`SKIPPED file=${file} ${line}\n`);
      }
      return { missing, required };
    }
  }

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const kind = pathname.slice(secret.length + 2);
    if (!pathname.startsWith(`/${secret}/`) || !isKind(kind)) return send(response, 404, {});
    void answer(kind, searchParams.get('file') ?? 'unknown').then((body) => send(response, 200, body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${secret}`,
    async stop() {
      server.close();
      for (const [line, files] of skipped) process.stderr.write(`SKIPPED files=${files.size} ${line}\n`);
      const backends = await Promise.allSettled(started.values());
      const running = backends.filter((backend) => backend.status === 'fulfilled');
      await Promise.all(running.map(({ value }) => value.stop()));
    },
  };
}

function isKind(text: string): text is ServerKind {
  return text in finders;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
