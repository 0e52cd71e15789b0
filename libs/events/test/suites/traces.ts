import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runInContext } from '@idp/telemetry';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { changeOne, newTenant, until, type Probe } from '../probe.ts';
import { startWorker } from '../worker/run-worker.ts';

const preload = import.meta.resolve('@idp/telemetry/tracing');

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
    has: (part: string | RegExp) => new RegExp(part, 's').test(Buffer.concat(bodies).toString('latin1')),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** How a span begins in OTLP: trace (field 1), its own id (2), state of the trace (3, perhaps), parent (4), name (5). */
function spanBelow(traceId: string, parentId: string, name: string): RegExp {
  const bytes = (hex: string): string => hex.replaceAll(/../g, '\\x$&');
  const length = name.length.toString(16).padStart(2, '0');
  return new RegExp(
    `\\x0a\\x10${bytes(traceId)}\\x12\\x08.{8}(\\x1a.{1,40})?\\x22\\x08${bytes(parentId)}\\x2a\\x${length}${name}`,
  );
}

/** One trace from the request to the effect in another service (events §8 item 23). */
export function traces(carrier: string, openProbe: () => Promise<Probe>): void {
  describe(`traces on ${carrier}`, () => {
    let probe: Probe;
    beforeAll(async () => {
      probe = await openProbe();
    });
    beforeEach(() => probe.reset());
    afterAll(() => probe[Symbol.asyncDispose]());

    it('the trace of an operation goes on through relay and consumer, whose spans lie below what created the event', async () => {
      await using collector = await startCollector();
      const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
      const traceparent = `00-${traceId}-${spanId}-01`;
      await runInContext({ requestId: 'r', traceId, spanId, traceparent }, () => changeOne(probe, newTenant(), 'a'));
      const tracing = { STAYS: '1', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '50' };
      await using _worker = startWorker(probe, tracing, ['--import', preload]);
      await until(() => collector.has('process reader.probe'), 'the span of the consumer', 60_000);
      for (const name of ['publish idp.catalog.entity.v1', 'process reader.probe']) {
        expect(collector.has(spanBelow(traceId, spanId, name)), name).toBe(true);
      }
      for (const attribute of ['messaging.destination.name', 'messaging.consumer.group.name']) {
        expect(collector.has(attribute), attribute).toBe(true);
      }
    }, 90_000);
  });
}
