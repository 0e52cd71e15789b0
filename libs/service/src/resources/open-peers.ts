import { createServiceClient, type ServiceClient } from '@idp/clients';
import { UnavailableError } from '@idp/errors';
import type { Metrics } from '@idp/telemetry';
import { remoteResources } from './remote-resources.ts';
import type { ResourceSource } from './resource-source.ts';

/** Where the other services of the platform are. */
export interface PeerPlaces {
  /** In this process; undefined for one that is not, or not yet. */
  peers?: (service: string) => { resources: ResourceSource | undefined } | undefined;
  /** `http://host:port` of those that run apart. */
  serviceUrls?: ReadonlyMap<string, string>;
}

export interface Peers extends AsyncDisposable {
  /** What a service says of its objects; 503 `UNAVAILABLE` where it cannot be asked. `token` is for one that runs apart. */
  resourcesOf(service: string, token: () => Promise<string>): ResourceSource;
}

export function openPeers({ peers, serviceUrls }: PeerPlaces, metrics: Metrics): Peers {
  const clients = new Map<string, ServiceClient>();

  function clientOf(target: string, baseUrl: string, token: () => Promise<string>): ServiceClient {
    const client = clients.get(target) ?? createServiceClient({ target, baseUrl, token, metrics });
    clients.set(target, client);
    return client;
  }

  function find(service: string, token: () => Promise<string>): ResourceSource {
    const here = peers?.(service)?.resources;
    if (here !== undefined) return here;
    const url = serviceUrls?.get(service);
    if (url === undefined) throw new UnavailableError(`${service} cannot be asked for its objects`);
    return remoteResources(service, clientOf(service, url, token));
  }

  return {
    resourcesOf: (service, token) => ({
      describe: async (question) => find(service, token).describe(question),
      owners: async (question) => find(service, token).owners(question),
    }),
    async [Symbol.asyncDispose]() {
      await Promise.all([...clients.values()].map((client) => client[Symbol.asyncDispose]()));
    },
  };
}
