import { defineConsumer, type ConsumerDefinition, type SnapshotSources } from '@idp/events';
import { enqueueSnapshots } from './snapshot-queue.ts';

/** Answers readers of this service's topics that want their state again. Requests for other owners' topics are passed over. */
export function snapshotConsumer(service: string, sources: SnapshotSources): ConsumerDefinition {
  return defineConsumer({
    name: `${service}.snapshot-requests`,
    types: ['idp.common.v1.SnapshotRequested'],
    ordering: 'none',
    allowOwn: true,
    async handle(tx, { data: { topic, aggregateIds } }) {
      if (Object.hasOwn(sources, topic)) await enqueueSnapshots(tx as never, { topic, aggregateIds });
    },
  });
}
