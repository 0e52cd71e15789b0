import { eventTypes, topics, topicsOf, type EventType } from '@idp/contracts';

/** What every process apart from auth reads of it. */
const replicaReaders: Readonly<Record<string, readonly EventType[]>> = {
  access: ['idp.auth.v1.AccessShardPublished', 'idp.auth.v1.AccessHeadPublished'],
  revocations: ['idp.auth.v1.CredentialRevoked', 'idp.auth.v1.AccessAdvanced', 'idp.auth.v1.AccessBeat'],
};

/**
 * Adds a service that is no part of the product to the registry of this process: proto/topics.yaml knows no such service. Every process
 * that runs it or prepares its database calls this before it loads the definition.
 */
export function registerTestService(service: string): void {
  const registry = eventTypes as Record<string, unknown>;
  for (const [consumer, types] of Object.entries(replicaReaders)) {
    for (const type of types) {
      const known = eventTypes[type];
      registry[type] = { ...known, consumers: [...known.consumers, `${service}.${consumer}`] };
    }
  }
  const known = topics as Record<string, unknown>;
  for (const owner of [service, 'catalog', 'auth']) {
    for (const topic of topicsOf(owner)) known[topic.name] = topic;
  }
}

/** For auth, which makes the system roles of what services declare; of a test service it reads nothing else. */
export function registerPermissionsOf(service: string): void {
  const declared = topicsOf(service).find(({ name }) => name === `idp.${service}.permissions.v1`);
  (topics as Record<string, unknown>)[declared!.name] = declared;
}
