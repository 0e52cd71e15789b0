import type { PlatformDoor } from '../platform-door.ts';
import { partitionOf } from '../envelope/murmur2.ts';
import { errorCodes } from '../sql-state.ts';
import type { OutgoingRecord, PublishOutcome } from '../transport/transport.ts';
import { topicChannel, type WakeSignal } from '../transport/wake-signal.ts';
import { appendRecords, listOwnedTopics, type AppendColumns } from './statements.ts';

const publishTimeoutMs = 10_000;
/** A value that no column can hold will not fit tomorrow either. */
const refusedClasses = /^(22|54)/;

export interface Publisher {
  publish(records: readonly OutgoingRecord[], signal: AbortSignal): Promise<ReadonlyMap<string, PublishOutcome>>;
  topics(): Promise<readonly string[]>;
}

/** Appends to the bus: one statement per topic, so that one bad topic holds back no other. */
export function createPublisher({ door, wake }: { door: PlatformDoor; wake: WakeSignal }): Publisher {
  let partitions: ReadonlyMap<string, number> = new Map();
  const refresh = async (): Promise<void> => {
    partitions = await door.transaction((tx) => listOwnedTopics(tx.db), { readOnly: true });
  };

  async function publishTopic(
    topic: string,
    records: readonly OutgoingRecord[],
    signal: AbortSignal,
  ): Promise<PublishOutcome> {
    try {
      if (!partitions.has(topic)) await refresh();
      const count = partitions.get(topic);
      if (count === undefined) return { status: 'retry', reason: `the bus has no topic ${topic} of this service` };
      const columns = toColumns(records, count);
      await door.transaction((tx) => appendRecords(tx.db, topic, columns), { timeoutMs: publishTimeoutMs, signal });
    } catch (error) {
      return outcomeOf(error);
    }
    wake.notify(topicChannel(topic));
    return { status: 'ok' };
  }

  return {
    async publish(records, signal) {
      const outcomes = new Map<string, PublishOutcome>();
      for (const [topic, group] of Map.groupBy(records, (record) => record.topic)) {
        outcomes.set(topic, await publishTopic(topic, group, signal));
      }
      return outcomes;
    },
    async topics() {
      await refresh();
      return [...partitions.keys()];
    },
  };
}

function toColumns(records: readonly OutgoingRecord[], partitions: number): AppendColumns {
  const columns: AppendColumns = { parts: [], keys: [], headers: [], payloads: [] };
  for (const { key, headers, value } of records) {
    columns.parts.push(partitionOf(key, partitions));
    columns.keys.push(key);
    columns.headers.push(JSON.stringify(headers));
    columns.payloads.push(value);
  }
  return columns;
}

function outcomeOf(error: unknown): PublishOutcome {
  const reason = error instanceof Error ? error.message : String(error);
  const refused = errorCodes(error).some((code) => refusedClasses.test(code) || code === 'VALIDATION_ERROR');
  return { status: refused ? 'refused' : 'retry', reason };
}
