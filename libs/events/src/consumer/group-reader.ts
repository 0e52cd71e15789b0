import type { EventTransport, RecordChunk, StoredRecord, Subscription } from '../transport/transport.ts';
import type { Verdict } from './apply-tenant.ts';
import { deliver, deliverAlone, type ChunkEnvironment } from './chunk.ts';
import type { CrashCounter } from './crash-counter.ts';
import { groupOf } from './define-consumer.ts';
import type { FirstReads } from './first-reads.ts';
import { handlersInFlight } from './in-flight.ts';
import { readDelivery, type Delivery, type ReadingRules } from './delivery.ts';

export interface GroupReader {
  environment: ChunkEnvironment;
  transport: EventTransport;
  crashes: CrashCounter;
  /** Of a consumer that can be rebuilt. */
  firstReads?: FirstReads;
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

async function handleChunk({ environment, crashes, firstReads }: GroupReader, chunk: RecordChunk): Promise<void> {
  await firstReads?.look(chunk);
  const suspected = await crashes.begin(chunk);
  let succeeded = false;
  try {
    const deliveries = readDeliveries(environment.consumer, chunk.records);
    if (suspected) await deliverWarily(environment, crashes, chunk, deliveries);
    else if (deliveries.length > 0) await handlersInFlight.together(() => deliver(environment, chunk, deliveries));
    succeeded = true;
    noteProgress(environment, chunk);
  } finally {
    await crashes.end(chunk, succeeded);
  }
  environment.failpoints('consumer.beforeOffset');
}

function noteProgress({ progress }: ChunkEnvironment, { topic, part, records }: RecordChunk): void {
  const time = Date.parse(records.at(-1)?.headers['ce_time'] ?? '');
  if (!Number.isNaN(time)) progress.set(`${topic}/${part}`, time);
}

/** One event at a time, each recorded before it runs alone: the one that kills the process becomes a dead letter. */
async function deliverWarily(
  environment: ChunkEnvironment,
  crashes: CrashCounter,
  chunk: RecordChunk,
  deliveries: readonly Delivery[],
): Promise<void> {
  for (const delivery of deliveries) {
    await handlersInFlight.alone(async () => {
      const verdicts = new Map<string, Verdict>();
      if (await crashes.beforeAlone(chunk, delivery.record.offset)) verdicts.set(delivery.eventId, killer);
      await deliverAlone(environment, chunk, delivery, verdicts);
    });
  }
}

const killer: Verdict = {
  outcome: 'dead',
  // Twice as part of its chunk, the third time alone.
  attempts: 3,
  code: 'CRASHES_CONSUMER',
  message: 'the process died while handling this event',
};
