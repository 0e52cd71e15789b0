import type { EventTransport, RecordChunk, Subscription } from '../../src/index.ts';

/**
 * A transport under topics and groups of other names, which begin with `prefix`: tests share brokers, and the names of topics are
 * those of proto/topics.yaml.
 */
export function renamed(transport: EventTransport, prefix: string): EventTransport {
  const own = (name: string): string => name.slice(prefix.length);
  const chunkOf = (chunk: RecordChunk): RecordChunk => ({
    ...chunk,
    topic: own(chunk.topic),
    records: chunk.records.map((record) => ({ ...record, topic: own(record.topic) })),
  });
  return {
    ...transport,
    async publish(records, signal) {
      const outcomes = await transport.publish(
        records.map((record) => ({ ...record, topic: prefix + record.topic })),
        signal,
      );
      return new Map([...outcomes].map(([topic, outcome]) => [own(topic), outcome]));
    },
    subscribe(subscription): Promise<Subscription> {
      const topics = subscription.topics.map((topic) => prefix + topic);
      const onChunk = (chunk: RecordChunk): Promise<void> => subscription.onChunk(chunkOf(chunk));
      if (subscription.mode === 'instance') return transport.subscribe({ ...subscription, topics, onChunk });
      return transport.subscribe({ ...subscription, group: prefix + subscription.group, topics, onChunk });
    },
    async lag(group) {
      const lags = await transport.lag(prefix + group);
      return lags.map((each) => ({ ...each, group: own(each.group), topic: own(each.topic) }));
    },
  };
}
