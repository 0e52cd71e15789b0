import type { DescMessage } from '@bufbuild/protobuf';

/** What a message says for a projection: `state` replaces every earlier one of its aggregate, `fact` stands alone. */
export type Carries = 'state' | 'fact';
export type PersonalData = 'none' | 'indirect' | 'direct';

/** One row of proto/topics.yaml. `topic` may hold `{service}`: then each service has a topic of its own for it. */
export interface EventTypeDefinition {
  readonly schema: DescMessage;
  /** `buf:<message>#<first 8 digits of its descriptor's SHA-256>`: which form of the message a producer was built with. */
  readonly dataSchema: string;
  readonly topic: string;
  /** Owning service, `{service}` for a message every service may emit. */
  readonly owner: string;
  readonly notFor: readonly string[];
  readonly aggregate: string;
  readonly partitions: number;
  readonly retentionHours: number;
  readonly cleanup: 'delete' | 'compact';
  readonly carries: Carries;
  readonly pii: PersonalData;
  readonly beats: boolean;
  /** Names of the consumers that may read it, `<service>.<purpose>`. */
  readonly consumers: readonly string[];
}

export interface TopicDefinition {
  readonly name: string;
  readonly owner: string;
  readonly aggregate: string;
  readonly partitions: number;
  readonly retentionHours: number;
  readonly cleanup: 'delete' | 'compact';
  readonly beats: boolean;
  /** Full proto names of the messages on it. */
  readonly messages: readonly string[];
  /** Names of the consumers that read at least one of them. */
  readonly readers: readonly string[];
}

const placeholder = '{service}';

/** Topic of a message when `service` emits it. */
export function topicName(definition: EventTypeDefinition, service: string): string {
  return definition.topic.replace(placeholder, service);
}

/** True when `service` may emit the message. */
export function mayEmit(definition: EventTypeDefinition, service: string): boolean {
  return (definition.owner === placeholder || definition.owner === service) && !definition.notFor.includes(service);
}

/** The topics `service` owns, with the shared messages' topics filled in for it. */
export function topicsOwnedBy(
  types: Readonly<Record<string, EventTypeDefinition>>,
  service: string,
): readonly TopicDefinition[] {
  const owned = new Map<string, TopicDefinition>();
  for (const [message, definition] of Object.entries(types)) {
    if (!mayEmit(definition, service)) continue;
    const name = topicName(definition, service);
    const known = owned.get(name);
    owned.set(name, {
      name,
      owner: service,
      aggregate: definition.aggregate,
      partitions: definition.partitions,
      retentionHours: definition.retentionHours,
      cleanup: definition.cleanup,
      beats: definition.beats,
      messages: [...(known?.messages ?? []), message],
      readers: [...new Set([...(known?.readers ?? []), ...definition.consumers])],
    });
  }
  return [...owned.values()];
}

/** Every service that owns a message of its own. */
export function owningServices(types: Readonly<Record<string, EventTypeDefinition>>): readonly string[] {
  const owners = Object.values(types).map((definition) => definition.owner);
  return [...new Set(owners)].filter((owner) => owner !== placeholder);
}
