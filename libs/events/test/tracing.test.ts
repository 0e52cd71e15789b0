import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { runInContext } from '@idp/telemetry';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { changeOne, newTenant, openProbe, until, type Probe } from './probe.ts';

const preload = import.meta.resolve('@idp/telemetry/tracing');
const script = fileURLToPath(new URL('./worker/worker.ts', import.meta.url));
let probe: Probe;
beforeAll(async () => {
  probe = await openProbe('reader.probe');
});
afterAll(() => probe[Symbol.asyncDispose]());

/** Takes spans as an OTLP/HTTP collector does. */
async function startCollector() {
  const bodies: Buffer[] = [];
  const server = createServer((req, res) => {
    req.on('data', (chunk: Buffer) => bodies.push(chunk));
    req.on('end', () => res.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    has: (part: string | Buffer) => Buffer.concat(bodies).includes(part),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

it('the trace of an operation goes on through relay and consumer, whose spans lie below what created the event', async () => {
  await using collector = await startCollector();
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  const traceparent = `00-${traceId}-${spanId}-01`;
  await runInContext({ requestId: 'r', traceId, spanId, traceparent }, () => changeOne(probe, newTenant(), 'a'));
  const { adminUrl, prefix } = probe.address;
  const tracing = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '50' };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--import', preload, script], {
    env: { PATH: process.env['PATH'], ADMIN_URL: adminUrl, PREFIX: prefix, ...tracing },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await until(() => collector.has('process reader.probe'), 'the span of the consumer');
    for (const part of [
      'publish idp.catalog.entity.v1',
      'messaging.destination.name',
      'messaging.consumer.group.name',
    ]) {
      expect(collector.has(part), part).toBe(true);
    }
    expect(collector.has(Buffer.from(traceId, 'hex'))).toBe(true);
    expect(collector.has(Buffer.from(spanId, 'hex'))).toBe(true);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}, 60_000);
