import type { Logger } from '@idp/telemetry';
import type { EventTransport, RecordChunk, Subscription } from '../transport/transport.ts';
import type { ConsumerMetrics } from './consumer-metrics.ts';
import type { InstanceConsumer } from './define-consumer.ts';
import { readDelivery } from './delivery.ts';
import { runHandler } from './run-handler.ts';

export interface InstanceReaderOptions {
  service: string;
  transport: EventTransport;
  consumer: InstanceConsumer;
  topics: readonly string[];
  handlerMs: number;
  metrics: ConsumerMetrics;
  logger: Logger;
  onCaughtUp(): void;
}

/**
 * Every record of the topics reaches this process. There is no inbox and no dead letter: a handler that fails has its base
 * state loaded again (`onReset`), which covers the event it failed on.
 */
export function openInstanceConsumer(options: InstanceReaderOptions): Promise<Subscription> {
  const { transport, consumer, topics } = options;
  return transport.subscribe({
    mode: 'instance',
    topics,
    from: consumer.from ?? 'now',
    onReset: () => consumer.onReset(),
    onChunk: (chunk) => handleChunk(options, chunk),
    onCaughtUp() {
      consumer.onCaughtUp?.();
      options.onCaughtUp();
    },
  });
}

async function handleChunk(options: InstanceReaderOptions, chunk: RecordChunk): Promise<void> {
  const { service, consumer, handlerMs, logger } = options;
  const observe = options.metrics.handlerTime(consumer.name);
  const rules = { types: new Set<string>(consumer.types), snapshots: true };
  for (const record of chunk.records) {
    // A key of a compacted topic is gone: there is nothing to decode, and what names the keys says so, too.
    if (record.value === null) continue;
    const { listed, event, eventId, problem } = readDelivery(record, rules);
    if (!listed) continue;
    if (event === undefined) {
      logger.warn({ consumer: consumer.name, eventId, code: problem?.code }, 'an unreadable event was passed over');
      continue;
    }
    const timeoutMs = consumer.timeoutMs ?? handlerMs;
    const traceparent = record.headers['ce_traceparent'];
    try {
      const run = {
        service,
        consumer: consumer.name,
        events: [event],
        traceparent,
        attempt: 1,
        timeoutMs,
        signal: chunk.signal,
        observe,
      };
      await runHandler(run, (ctx) => consumer.handle(event as never, ctx));
    } catch (error) {
      if (chunk.signal.aborted) throw error;
      logger.error(
        { err: error, consumer: consumer.name, eventId },
        'an instance handler failed; its base state is loaded again',
      );
      await consumer.onReset();
    }
  }
}
