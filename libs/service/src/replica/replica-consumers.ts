import { readShardMessage, type AccessReplica } from '@idp/auth';
import { defineConsumer, type ConsumerDefinition } from '@idp/events';

/**
 * Feeds the replica of a process: the snapshot from the beginning of its topic, and everything of the revocation lane that is still kept.
 * What is read twice changes nothing, so there is no base state to load.
 */
export function replicaConsumers(service: string, replica: AccessReplica): ConsumerDefinition[] {
  const onReset = (): Promise<void> => Promise.resolve();
  return [
    defineConsumer({
      name: `${service}.access`,
      types: ['idp.auth.v1.AccessShardPublished', 'idp.auth.v1.AccessHeadPublished'],
      mode: 'instance',
      ordering: 'none',
      from: 'start',
      onReset,
      async handle({ type, tenantId, data }) {
        if (type === 'idp.auth.v1.AccessHeadPublished') return replica.takeHead(tenantId, data);
        const shard = readShardMessage(data);
        if (shard !== undefined) replica.takeShard(tenantId, shard);
      },
    }),
    defineConsumer({
      name: `${service}.revocations`,
      types: ['idp.auth.v1.CredentialRevoked', 'idp.auth.v1.AccessAdvanced', 'idp.auth.v1.AccessBeat'],
      mode: 'instance',
      ordering: 'none',
      from: 'start',
      onReset,
      async handle({ type, tenantId, data }) {
        if (type === 'idp.auth.v1.CredentialRevoked') await replica.takeRevocation(tenantId, data);
        else if (type === 'idp.auth.v1.AccessAdvanced') replica.takeAdvanced(tenantId, Number(data.version));
        else replica.takeBeat();
      },
    }),
  ];
}
