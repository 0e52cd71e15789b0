import type { Logger } from '@idp/telemetry';
import type { Failpoints } from '../failpoints.ts';
import type { RecordHeaders } from '../envelope/headers.ts';
import type { PlatformDoor } from '../platform-door.ts';
import type { EventTransport, OutgoingRecord, PublishOutcome } from '../transport/transport.ts';
import { deletePublished, lockShards, moveRefused, readShards, type OutboxRow } from './outbox-store.ts';
import type { RelayMetrics } from './relay-metrics.ts';
import { startPublishSpans } from './publish-spans.ts';
import type { TopicHolds } from './topic-holds.ts';

const rowsMax = 500;
/** Per request; a broker's limit is 1 MiB by default. */
const requestBytesMax = 512 * 1024;

export interface RelayRound {
  door: PlatformDoor;
  transport: EventTransport;
  holds: TopicHolds;
  failpoints: Failpoints;
  metrics: RelayMetrics;
  logger: Logger;
}

/** `more`: a shard had more rows than fit. `away`: the transport does not answer; its rows stay. */
export type RoundOutcome = 'moved' | 'more' | 'nothing' | 'away';

/**
 * Publishes the oldest rows of up to `shardsMax` shards while holding their locks, so that the first occurrences of a key are in
 * order. A crash between acknowledgement and commit sends the same rows again.
 */
export function runRelayRound(relay: RelayRound, shardsMax: number, signal: AbortSignal): Promise<RoundOutcome> {
  return relay.door.transaction(async (tx) => {
    const held = relay.holds.topics;
    const shards = await lockShards(tx.db, held, shardsMax);
    if (shards.length === 0) return 'nothing';
    const limitEach = Math.ceil(rowsMax / shards.length);
    const rows = await readShards(tx.db, shards, held, limitEach);
    relay.failpoints('relay.beforePublish');
    const published: number[] = [];
    let away = false;
    for (const [topic, group] of Map.groupBy(rows, (row) => row.topic)) {
      const result = await publishTopic(relay, topic, group, signal);
      published.push(...result.published);
      if (result.refused.length > 0) await moveRefused(tx.db, result.refused, result.reason);
      away = result.away;
      if (away) break;
    }
    relay.failpoints('relay.afterAck');
    await deletePublished(tx.db, published);
    if (away) return 'away';
    const taken = [...Map.groupBy(rows, (row) => row.shard).values()];
    return taken.some((list) => list.length === limitEach) ? 'more' : 'moved';
  });
}

interface TopicResult {
  published: number[];
  refused: number[];
  reason: string;
  away: boolean;
}

async function publishTopic(
  relay: RelayRound,
  topic: string,
  rows: readonly OutboxRow[],
  signal: AbortSignal,
): Promise<TopicResult> {
  const { holds, metrics, logger } = relay;
  const result: TopicResult = { published: [], refused: [], reason: '', away: false };
  const requests = cut(rows);
  for (let request = requests.shift(); request !== undefined; request = requests.shift()) {
    const outcome = await send(relay, topic, request, signal);
    if (outcome.status === 'ok') {
      result.published.push(...request.map((row) => row.seq));
    } else if (outcome.status === 'refused' && request.length > 1) {
      // One of them is at fault: halves find it, and the others go out in order.
      const middle = request.length >> 1;
      requests.unshift(request.slice(0, middle), request.slice(middle));
    } else if (outcome.status === 'refused') {
      result.refused.push(request[0]!.seq);
      result.reason = outcome.reason;
      metrics.refused.inc();
      logger.error({ topic, seq: request[0]!.seq, reason: outcome.reason }, 'an event was refused for good');
    } else if (outcome.away === true) {
      result.away = true;
      return result;
    } else {
      holds.hold(topic);
      logger.warn({ topic, reason: outcome.reason }, 'a topic cannot be published to and waits');
      return result;
    }
  }
  holds.release(topic);
  metrics.published.inc({ topic }, result.published.length);
  return result;
}

async function send(
  { transport, metrics }: RelayRound,
  topic: string,
  rows: readonly OutboxRow[],
  signal: AbortSignal,
): Promise<PublishOutcome> {
  const startedAt = performance.now();
  const records = rows.map(toRecord);
  const spans = startPublishSpans(topic, records);
  try {
    const outcomes = await transport.publish(records, signal);
    return outcomes.get(topic) ?? { status: 'retry', reason: 'the transport gave no answer for the topic' };
  } catch (error) {
    return { status: 'retry', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    metrics.publishSeconds.observe((performance.now() - startedAt) / 1000);
    for (const span of spans) span.end();
  }
}

function toRecord(row: OutboxRow): OutgoingRecord {
  return { topic: row.topic, key: row.key, headers: JSON.parse(row.headers) as RecordHeaders, value: row.payload };
}

/** Requests of bounded size, in order. */
function cut(rows: readonly OutboxRow[]): OutboxRow[][] {
  const requests: OutboxRow[][] = [];
  let bytes = Infinity;
  for (const row of rows) {
    const size = Buffer.byteLength(row.headers) + Buffer.byteLength(row.key) + (row.payload?.byteLength ?? 0);
    if (bytes + size > requestBytesMax) {
      requests.push([]);
      bytes = 0;
    }
    requests.at(-1)!.push(row);
    bytes += size;
  }
  return requests;
}
