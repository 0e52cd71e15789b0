import { readDeclaration, type DeclarationBody } from '@idp/auth';
import { platformTenantId } from '@idp/contracts';
import { PermissionError } from '@idp/errors';
import { defineConsumer, type ConsumedEvent } from '@idp/events';
import { declareManifest } from '../access/manifests.ts';
import type { AuthContext } from '../context.ts';
import type { ServiceManifest } from '../store/access/manifests.ts';

type Published = ConsumedEvent<'idp.common.v1.PermissionManifestPublished'>;

/**
 * Services say at every start what they let be decided: the system roles are made of it. What one says for another becomes a
 * dead letter.
 */
export function onPermissionManifest(ctx: Pick<AuthContext, 'access' | 'clock'>) {
  return defineConsumer({
    name: 'auth.permission-manifests',
    types: ['idp.common.v1.PermissionManifestPublished'],
    ordering: 'none',
    async handle(tx, event) {
      await declareManifest(tx, ctx, manifestOfProducer(event));
    },
  });
}

/** Rights follow from a manifest, so that a service speaks for itself alone: on its own topic, of its own permissions. */
function manifestOfProducer({ producer, tenantId, data: { service, hash, body } }: Published): ServiceManifest {
  if (tenantId !== platformTenantId) throw new PermissionError('a manifest belongs to the platform');
  if (service !== producer) throw new PermissionError(`${producer} declares permissions for ${service}`);
  const declared = readDeclaration(JSON.parse(body) as DeclarationBody);
  const foreign = Object.keys(declared.manifest).find((permission) => !permission.startsWith(`${service}:`));
  if (foreign !== undefined) throw new PermissionError(`${service} declares ${foreign}`);
  return { service, hash, ...declared };
}
