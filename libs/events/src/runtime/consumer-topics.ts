import { findEventType, mayEmit, topicName, topics as knownTopics, type TopicDefinition } from '@idp/contracts';
import { EventConfigurationError } from '../errors.ts';
import type { ConsumerDefinition } from '../consumer/define-consumer.ts';

/**
 * The topics a consumer reads. Throws EventConfigurationError where it has no topic, is not listed as its reader in
 * proto/topics.yaml, or reads its own service's topic without `allowOwn`.
 */
export function topicsOfConsumer(
  consumer: ConsumerDefinition,
  topics: readonly TopicDefinition[] = Object.values(knownTopics),
): readonly string[] {
  const wrong = (what: string): never => {
    throw new EventConfigurationError(`consumer ${consumer.name}: ${what}`);
  };
  const names = new Set<string>();
  for (const type of consumer.types as readonly string[]) {
    const definition = findEventType(type) ?? wrong(`unknown type ${type}`);
    const carrying = topics.filter(
      ({ name, owner }) => mayEmit(definition, owner) && topicName(definition, owner) === name,
    );
    if (carrying.length === 0) wrong(`no topic carries ${type}`);
    for (const topic of carrying) {
      const own = topic.owner === serviceOf(consumer);
      if (own && consumer.allowOwn !== true) wrong(`${topic.name} is its own service's topic`);
      if (!topic.readers.includes(consumer.name))
        wrong(`proto/topics.yaml does not list it as reader of ${topic.name}`);
      names.add(topic.name);
    }
  }
  return [...names];
}

function serviceOf(consumer: Pick<ConsumerDefinition, 'name'>): string {
  return consumer.name.slice(0, consumer.name.indexOf('.'));
}
