import type { Database } from '@idp/database';
import type { ConsumerDefinition } from '@idp/events';
import type { AnyQueue } from '@idp/jobs';
import type { ServiceDefinition, ServicePlatform } from '../define-service.ts';
import { eraseQueue, eraseQueueAddress, tellPurged } from './erase-queue.ts';
import { closedTenants, preparedTenants } from './list-tenants.ts';
import { tenantConsumer } from './tenant-consumer.ts';
import {
  createTenantStates,
  holdJobs,
  ignoreDeleted,
  type ReadClosedTenants,
  type TenantOfService,
} from './tenant-states.ts';

/** What a service does about its tenants coming, resting and going. */
export interface TenantParts {
  /** Ids of the tenants it holds anything of. */
  ids(): Promise<readonly string[]>;
  /** Ids of those whose background work runs. */
  active(): Promise<readonly string[]>;
  /** The service's consumers, with the one that follows auth's tenants before them. */
  consumers(own: readonly ConsumerDefinition[]): ConsumerDefinition[];
  /** The service's queues as tenants at rest see them, and the one that erases. */
  queues(own: readonly AnyQueue[]): AnyQueue[];
}

export interface TenantPartsOptions {
  // oxlint-disable-next-line typescript/no-explicit-any -- hosts never look inside
  definition: ServiceDefinition<any, any>;
  context: unknown;
  platform: Pick<ServicePlatform, 'secrets' | 'clock'>;
  // oxlint-disable-next-line typescript/no-explicit-any -- each service names its own tables
  database: Database<any>;
}

export function createTenantParts({ definition, context, platform, database }: TenantPartsOptions): TenantParts {
  const { name: service, prepareTenant, globalTables = false } = definition;
  const follows = prepareTenant !== undefined;
  const own = definition.tenants as ((of: unknown) => Promise<readonly TenantOfService[]>) | undefined;
  const all = async (): Promise<readonly TenantOfService[]> => {
    if (own !== undefined) return own(context);
    return follows ? preparedTenants(database) : [];
  };
  const closed: ReadClosedTenants = async (tx) =>
    follows ? closedTenants(database, tx) : (await all()).filter(({ state }) => state !== 'active');
  const states = createTenantStates(closed);
  const idsOf = async (wanted: (tenant: TenantOfService) => boolean): Promise<string[]> =>
    (await all()).filter(wanted).map(({ tenantId }) => tenantId);
  // What erases a tenant is the one thing left to do for it.
  const hold = (queue: AnyQueue): AnyQueue => (queue.name === eraseQueueAddress.name ? queue : holdJobs(queue, states));
  const erasing = {
    database,
    secrets: platform.secrets,
    globalTables,
    keep: [],
    finish: (tx: Parameters<typeof tellPurged>[0], erased: Readonly<Record<string, number>>) =>
      tellPurged(tx, erased, { service, now: platform.clock() }),
  };

  return {
    ids: () => idsOf(({ state }) => state !== 'deleted'),
    active: () => idsOf(({ state }) => state === 'active'),
    consumers: (consumers) =>
      follows
        ? [
            tenantConsumer(service, prepareTenant, platform.clock),
            ...consumers.map((consumer) => ignoreDeleted(consumer, states)),
          ]
        : [...consumers],
    queues: (queues) => [
      ...(own === undefined && !follows ? queues : queues.map(hold)),
      ...(follows ? [eraseQueue(erasing)] : []),
    ],
  };
}
