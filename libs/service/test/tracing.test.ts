import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { testDatabase } from '@idp/testing';
import { demoWithTopics } from './demo-service.ts';
import { publicUrl, tokenOf } from './kernel.ts';
import { openOtherAuth } from './other-auth.ts';

const preload = import.meta.resolve('@idp/telemetry/tracing');
const main = new URL('./demo-main.ts', import.meta.url).pathname;

/** Listens for spans as an OTLP/HTTP collector would. */
async function receiver() {
  const bodies: Buffer[] = [];
  const server = createServer((req, res) => void answer(req, res));
  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    bodies.push(Buffer.concat(chunks));
    res.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => Buffer.concat(bodies),
  };
}

test('a span of a request, its log line and its answer share a trace id', { timeout: 60_000 }, async () => {
  await using database = await testDatabase({ services: [demoWithTopics, { name: 'auth' }] });
  const directory = await mkdtemp(join(tmpdir(), 'service-tracing-'));
  const collector = await receiver();
  const auth = await openOtherAuth(directory);
  const urls = database.urlsFor('catalog');
  const child = spawn(process.execPath, ['--import', preload, main], {
    env: {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      PORT: '0',
      MANAGEMENT_PORT: '0',
      PUBLIC_URL: publicUrl,
      DATABASE_URL: urls.app,
      DATABASE_RELAY_URL: urls.relay,
      DATABASE_BUS_URL: urls.bus,
      ...auth.settings,
      CURSOR_SECRET: 'c'.repeat(32),
      SECRETS_FILE: join(directory, 'kek.json'),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_SERVICE_NAME: 'demo-traced',
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  try {
    await vi.waitFor(() => expect(output).toContain('"message":"ready"'), { timeout: 30_000, interval: 50 });
    const port = /"port":([1-9]\d*).*"message":"ready"/.exec(output)![1];
    const traceId = randomBytes(16).toString('hex');
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/notes/0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b?`, {
      headers: { authorization: `Bearer ${await tokenOf('member')}`, traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    });
    expect(((await answer.json()) as { meta: { traceId: string } }).meta.traceId).toBe(traceId);
    await fetch(`http://127.0.0.1:${port}/api/v1/nothing?q=hunter2secret`);
    child.kill('SIGTERM');
    await once(child, 'exit');

    const spans = collector.spans();
    expect(spans.includes(Buffer.from(traceId, 'hex'))).toBe(true);
    for (const text of ['demo-traced', 'GET /api/v1/notes/:id', 'http.route', 'select id, body, version from notes']) {
      expect(spans.includes(text), text).toBe(true);
    }
    expect(spans.includes('hunter2secret')).toBe(false);
    const line = output.split('\n').find((text) => text.includes('"route":"/api/v1/notes/:id"'));
    expect(JSON.parse(line!)).toMatchObject({ traceId });
  } finally {
    child.kill('SIGKILL');
    collector.server.close();
    auth.close();
    await rm(directory, { recursive: true });
  }
});
