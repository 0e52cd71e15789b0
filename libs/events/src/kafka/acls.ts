import { topicsOf } from '@idp/contracts';
import type { Logger } from '@idp/telemetry';
import kafkajs, { type AclEntry, type AclFilter, type Admin } from 'kafkajs';
import { connectAdmin } from './admin.ts';
import type { KafkaSettings } from './settings.ts';
import { isReadBy, topicsUsedBy } from './topics.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const operationTypes = {
  read: AclOperationTypes.READ,
  write: AclOperationTypes.WRITE,
  delete: AclOperationTypes.DELETE,
  'describe-configs': AclOperationTypes.DESCRIBE_CONFIGS,
};

/** What a principal may do. A topic is named whole, groups by the beginning of their names. */
export interface KafkaAcl {
  principal: string;
  resource: 'topic' | 'group';
  name: string;
  operations: readonly (keyof typeof operationTypes)[];
}

/**
 * Rights of a service, whose principal is `User:<service>`, by proto/topics.yaml: it writes its own topics, reads those that list one of
 * its consumers, and owns the groups `idp.<service>.*`. Reading and writing let it describe, too.
 */
export function kafkaAclsOf(service: string): KafkaAcl[] {
  const principal = `User:${service}`;
  const own = new Set(topicsOf(service).map(({ name }) => name));
  const topics = topicsUsedBy(service).map((topic): KafkaAcl => {
    const { name } = topic;
    const rights = [own.has(name) && 'write', isReadBy(topic, service) && 'read'] as const;
    // A service compares the settings of its topics at its start.
    return {
      principal,
      resource: 'topic',
      name,
      operations: [...rights.filter((right) => right !== false), 'describe-configs'],
    };
  });
  topics.sort((a, b) => (a.name < b.name ? -1 : 1));
  // Groups of instance subscriptions go with their process.
  return [...topics, { principal, resource: 'group', name: `idp.${service}.`, operations: ['read', 'delete'] }];
}

export interface PrepareAclsOptions {
  /** Of a principal that may alter the cluster. */
  settings: Pick<KafkaSettings, 'brokers' | 'ssl' | 'sasl'>;
  services: readonly string[];
  logger: Logger;
}

/**
 * Gives the principals of these services the rights they need and takes away others they have on topics and groups of the platform.
 * Idempotent. Throws as `connectAdmin`, and what the brokers answer where they check no rights.
 */
export async function prepareKafkaAcls({ settings, services, logger }: PrepareAclsOptions): Promise<void> {
  const admin = await connectAdmin(settings, 'acls', logger);
  try {
    const wanted = services.flatMap(kafkaAclsOf).flatMap(toEntries);
    await admin.createAcls({ acl: wanted });
    const names = new Set(wanted.map(nameOf));
    const present = await Promise.all(services.map((service) => listAcls(admin, `User:${service}`)));
    const stale = present.flat().filter((entry) => entry.resourceName.startsWith('idp.') && !names.has(nameOf(entry)));
    if (stale.length === 0) return;
    logger.warn({ acls: stale.map(nameOf) }, 'rights that proto/topics.yaml does not give are taken away');
    await admin.deleteAcls({ filters: stale });
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

function toEntries({ principal, resource, name, operations }: KafkaAcl): AclEntry[] {
  return operations.map((operation) => ({
    principal,
    host: '*',
    resourceType: resource === 'topic' ? AclResourceTypes.TOPIC : AclResourceTypes.GROUP,
    resourceName: name,
    resourcePatternType: resource === 'topic' ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED,
    operation: operationTypes[operation],
    permissionType: AclPermissionTypes.ALLOW,
  }));
}

async function listAcls(admin: Admin, principal: string): Promise<AclEntry[]> {
  const filter: AclFilter = {
    principal,
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
  };
  const { resources } = await admin.describeAcls(filter);
  return resources.flatMap(({ acls, ...resource }) => acls.map((acl) => ({ ...resource, ...acl })));
}

function nameOf(entry: AclEntry): string {
  const { principal, host, resourceType, resourceName, resourcePatternType, operation, permissionType } = entry;
  return [principal, host, resourceType, resourceName, resourcePatternType, operation, permissionType].join();
}
