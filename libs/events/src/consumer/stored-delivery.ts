import type { ChunkEnvironment } from './chunk.ts';
import type { GroupConsumer } from './define-consumer.ts';
import { readDelivery, type Delivery } from './delivery.ts';
import { readingRules } from './group-reader.ts';
import type { ConsumerTx } from './inbox-store.ts';
import { runHandler } from './run-handler.ts';

/** A record as it is kept with a parked event or a dead letter. */
export interface StoredEvent {
  topic: string;
  part: number;
  offset: number;
  key: string;
  /** JSON object. */
  headers: string;
  payload: Buffer | null;
}

/** Reads a kept record again, as this release of the consumer reads it. */
export function storedDelivery(consumer: GroupConsumer, stored: StoredEvent): Delivery {
  const { topic, part, offset, key, payload } = stored;
  const headers = JSON.parse(stored.headers) as Record<string, string>;
  return readDelivery({ topic, part, offset, key, headers, value: payload }, readingRules(consumer));
}

/** Runs the consumer's handler for one kept event. Throws HandlerFailure. */
export async function handleStored(
  { consumer, timing, service, metrics }: ChunkEnvironment,
  tx: ConsumerTx,
  { event, record }: Delivery,
  { attempt, signal }: { attempt: number; signal: AbortSignal },
): Promise<void> {
  const run = {
    service,
    consumer: consumer.name,
    events: [event!],
    traceparent: record.headers['ce_traceparent'],
    attempt,
    timeoutMs: consumer.timeoutMs ?? timing.handlerMs,
    signal,
    observe: metrics.handlerTime(consumer.name),
  };
  await runHandler(run, (ctx) =>
    consumer.handle === undefined
      ? consumer.handleMany(tx, [event as never], ctx)
      : consumer.handle(tx, event as never, ctx),
  );
}
