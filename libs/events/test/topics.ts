import type { TopicDefinition } from '@idp/contracts';

/** A topic as proto/topics.yaml could have it. */
export function topicOf(name: string, more: Partial<TopicDefinition> = {}): TopicDefinition {
  const fixed = { owner: 'contract', aggregate: 'thing', beats: false, messages: [], readers: [] };
  return { name, partitions: 12, retentionHours: 1, cleanup: 'delete', ...fixed, ...more };
}
