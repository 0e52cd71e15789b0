import type { EventTransport, RecordChunk, StoredRecord, Subscription } from '../transport/transport.ts';
import type { Verdict } from './apply-tenant.ts';
import { deliver, deliverAlone, type ChunkEnvironment } from './chunk.ts';
import { isKiller, type CrashCounter, type Suspicion } from './crash-counter.ts';
import { groupOf } from './define-consumer.ts';
import { readDelivery, type Delivery, type ReadingRules } from './delivery.ts';

export interface GroupReader {
  environment: ChunkEnvironment;
  transport: EventTransport;
  crashes: CrashCounter;
  topics: readonly string[];
  paused: boolean;
}

/** Ties a consumer to its topics. Rejects with EventConfigurationError for a topic it cannot read. */
export function openGroupReader(reader: GroupReader): Promise<Subscription> {
  const { environment, transport, topics, paused } = reader;
  const { consumer } = environment;
  return transport.subscribe({
    mode: 'group',
    group: groupOf(consumer.name),
    topics,
    paused,
    from: consumer.from ?? 'start',
    onChunk: (chunk) => handleChunk(reader, chunk),
  });
}

/** How a consumer reads records. */
export function readingRules(consumer: ChunkEnvironment['consumer']): ReadingRules {
  return { types: new Set<string>(consumer.types), snapshots: consumer.clear !== undefined };
}

/** The deliveries of a consumer among some records, in order. */
function readDeliveries(consumer: ChunkEnvironment['consumer'], records: readonly StoredRecord[]): Delivery[] {
  const rules = readingRules(consumer);
  const deliveries = records.map((record) => readDelivery(record, rules));
  return deliveries.filter(({ listed, version, problem }) => {
    // What is not listed matters only as a step of its key.
    return listed || (consumer.ordering === 'key' && version !== undefined && problem === undefined);
  });
}

async function handleChunk({ environment, crashes }: GroupReader, chunk: RecordChunk): Promise<void> {
  const suspicion = await crashes.begin(chunk);
  let succeeded = false;
  try {
    const deliveries = readDeliveries(environment.consumer, chunk.records);
    if (suspicion !== undefined) await deliverWarily(environment, crashes, chunk, deliveries, suspicion);
    else if (deliveries.length > 0) await deliver(environment, chunk, deliveries);
    succeeded = true;
  } finally {
    await crashes.end(chunk, succeeded);
  }
  environment.failpoints('consumer.beforeOffset');
}

/** One event at a time, each recorded before it runs: the one that kills the process becomes a dead letter. */
async function deliverWarily(
  environment: ChunkEnvironment,
  crashes: CrashCounter,
  chunk: RecordChunk,
  deliveries: readonly Delivery[],
  suspicion: Suspicion,
): Promise<void> {
  for (const delivery of deliveries) {
    const { offset } = delivery.record;
    const verdicts = new Map<string, Verdict>();
    if (isKiller(suspicion, offset)) {
      const message = 'the process died while handling this event';
      verdicts.set(delivery.eventId, { outcome: 'dead', code: 'CRASHES_CONSUMER', message });
    } else if (offset > suspicion.offset) {
      await crashes.beforeEvent(chunk, offset);
    }
    await deliverAlone(environment, chunk, delivery, verdicts);
  }
}
