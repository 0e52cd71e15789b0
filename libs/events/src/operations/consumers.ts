import { topics as knownTopics, type TopicDefinition } from '@idp/contracts';
import { UnprocessableError } from '@idp/errors';
import {
  groupOf,
  isInstanceConsumer,
  type ConsumerDefinition,
  type GroupConsumer,
} from '../consumer/define-consumer.ts';
import type { ConsumerTx } from '../consumer/inbox-store.ts';
import type { PlatformDoor } from '../platform-door.ts';
import {
  listBacklogs,
  listConsumingTenants,
  listRebuilding,
  listSuspects,
  setRebuilding,
} from '../runtime/consumer-states.ts';
import { topicsOfConsumer } from '../runtime/consumer-topics.ts';
import type { Consumers } from '../runtime/consumers.ts';
import type { EventTransport } from '../transport/transport.ts';
import { carriesState, rebuildConsumer, requireRebuildable } from './rebuild.ts';

export interface PartitionDetail {
  topic: string;
  part: number;
  /** Records before the consumer. */
  lag: number;
  /** `suspect`: the process died at its head, events run one by one. */
  state: 'running' | 'paused' | 'suspect';
}

export interface ConsumerDetail {
  name: string;
  types: readonly string[];
  topics: readonly string[];
  mode: 'group' | 'instance';
  ordering: string;
  paused: boolean;
  /** It is being made to begin anew. */
  rebuilding: boolean;
  /** Its state can be made again from snapshots. */
  rebuildable: boolean;
  parked: number;
  oldestParkedSeconds: number;
  dead: number;
  /** Absent where only one tenant is looked at: progress is that of all of them. */
  progress?: {
    lag: number;
    /** How old what this process dealt with last was, while there is more before it; 0 at rest. */
    ageSeconds: number;
    partitions: PartitionDetail[];
  };
}

/** What may be done about the consumers of a service. */
export interface ConsumerOperations {
  /** Consumers with progress of their own. */
  readonly names: readonly string[];
  /** Those of them that can begin anew. */
  readonly rebuildable: readonly string[];
  /** Every consumer; with `tenantId` counts of that tenant alone. */
  list(tenantId?: string): Promise<ConsumerDetail[]>;
  find(name: string): GroupConsumer | undefined;
  /** Tenants from which anything is remembered. */
  tenants(): Promise<string[]>;
  /** Throws NotFoundError, or UnprocessableError for a consumer that cannot be rebuilt. */
  requireRebuildable(name: string): void;
  /** Survives restarts; other processes follow within seconds. Throws EventConfigurationError for an unknown name. */
  setPaused(name: string, paused: boolean, actor: string): Promise<void>;
  setRebuilding(name: string, rebuilding: boolean, actor: string): Promise<void>;
  /** Begins anew in the tenant of the transaction; see {@link rebuildConsumer}. */
  rebuild(tx: ConsumerTx, name: string, options: { actor: string; request: boolean }): Promise<void>;
}

export function createConsumerOperations(parts: {
  consumers: readonly ConsumerDefinition[];
  topics: readonly TopicDefinition[] | undefined;
  readers: Consumers;
  door: PlatformDoor;
  transport: EventTransport;
  now: () => number;
}): ConsumerOperations {
  const { consumers, readers, door, transport, now } = parts;
  const topics = new Map((parts.topics ?? Object.values(knownTopics)).map((topic) => [topic.name, topic]));
  const find = (name: string): GroupConsumer | undefined => readers.environments.get(name)?.consumer;

  async function progressOf(
    consumer: ConsumerDefinition,
    suspects: ReadonlySet<string>,
  ): Promise<NonNullable<ConsumerDetail['progress']>> {
    const { name } = consumer;
    const behind = new Map(
      (await transport.lag(groupOf(name))).map(({ topic, part, records }) => [`${topic}/${part}`, records]),
    );
    const partitions = topicsOfConsumer(consumer, parts.topics).flatMap((topic) =>
      Array.from({ length: topics.get(topic)?.partitions ?? 0 }, (_, part): PartitionDetail => {
        const place = `${topic}/${part}`;
        const calm = readers.paused(name) ? 'paused' : 'running';
        return {
          topic,
          part,
          lag: behind.get(place) ?? 0,
          state: suspects.has(`${name} ${place}`) ? 'suspect' : calm,
        };
      }),
    );
    const { progress } = readers.environments.get(name)!;
    const times = [...behind.keys()].flatMap((place) => progress.get(place) ?? []);
    const ageSeconds = times.length === 0 ? 0 : Math.max(0, (now() - Math.min(...times)) / 1000);
    return { lag: partitions.reduce((sum, { lag }) => sum + lag, 0), ageSeconds, partitions };
  }

  return {
    names: readers.names,
    rebuildable: readers.names.filter((name) => find(name)?.clear !== undefined),
    find,
    tenants: () => door.transaction((tx) => listConsumingTenants(tx.db), { readOnly: true }),
    requireRebuildable: (name) => void requireRebuildable(find(name)),
    setPaused: (name, paused, actor) => readers.setPaused(name, paused, actor),
    setRebuilding: (name, rebuilding, actor) => door.transaction((tx) => setRebuilding(tx.db, name, rebuilding, actor)),
    async rebuild(tx, name, { actor, request }) {
      const consumer = requireRebuildable(find(name));
      const carrying = topicsOfConsumer(consumer, parts.topics).filter((topic) =>
        carriesState(topics.get(topic)?.messages ?? []),
      );
      if (carrying.length === 0) throw new UnprocessableError('no topic of this consumer carries state');
      await rebuildConsumer(tx, consumer, { topics: request ? carrying : [], actor });
    },
    async list(tenantId) {
      const { backlogs, suspects, rebuilding } = await door.transaction(
        async (tx) => ({
          backlogs: await listBacklogs(tx.db, readers.names, tenantId ?? null),
          suspects: await listSuspects(tx.db),
          rebuilding: await listRebuilding(tx.db),
        }),
        { readOnly: true },
      );
      const suspected = new Set(suspects.map(({ consumer, topic, part }) => `${consumer} ${topic}/${part}`));
      const details: ConsumerDetail[] = [];
      for (const consumer of consumers) {
        const backlog = backlogs.find((each) => each.consumer === consumer.name);
        const detail = describe(consumer, topicsOfConsumer(consumer, parts.topics), readers.paused(consumer.name));
        const { parked = 0, oldestParkedSeconds = 0, dead = 0 } = backlog ?? {};
        const counted = { ...detail, rebuilding: rebuilding.has(consumer.name), parked, oldestParkedSeconds, dead };
        const shown = tenantId === undefined && backlog !== undefined;
        details.push(shown ? { ...counted, progress: await progressOf(consumer, suspected) } : counted);
      }
      return details;
    },
  };
}

function describe(
  consumer: ConsumerDefinition,
  topics: readonly string[],
  paused: boolean,
): Omit<ConsumerDetail, 'rebuilding' | 'parked' | 'oldestParkedSeconds' | 'dead'> {
  const { name, types, ordering } = consumer;
  const rebuildable = !isInstanceConsumer(consumer) && (consumer as GroupConsumer).clear !== undefined;
  return { name, types, topics, mode: consumer.mode ?? 'group', ordering, paused, rebuildable };
}
