import { createHash } from 'node:crypto';
import { canonicalJson, declarationBody, type ServiceDeclaration } from '@idp/auth';
import { platformTenantId, topics } from '@idp/contracts';
import type { Database } from '@idp/database';
import { publish } from '@idp/events';

/** Whether auth hears which permissions the service has. */
export function isDeclaring(service: string): boolean {
  return Object.values(topics).some(({ name }) => name === `idp.${service}.permissions.v1`);
}

/**
 * Tells auth what this service lets be decided; system roles are made of it. Told at every start, as a bus may have been emptied: auth
 * does nothing about a body it knows by its hash. Auth itself, and a service without such a topic, tell nothing.
 */
export async function publishManifest(options: {
  service: string;
  declared: ServiceDeclaration;
  // oxlint-disable-next-line typescript/no-explicit-any -- an event is all that is written
  database: Database<any>;
}): Promise<void> {
  const { service, declared, database } = options;
  if (!isDeclaring(service)) return;
  const body = canonicalJson(declarationBody(declared));
  const hash = createHash('sha256').update(body).digest('hex');
  await database.tenant(platformTenantId).write(
    async (tx) => {
      publish(tx, {
        type: 'idp.common.v1.PermissionManifestPublished',
        aggregateId: service,
        data: { service, hash, body },
      });
    },
    { unaudited: 'what a release declares' },
  );
}
