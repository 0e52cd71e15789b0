import { readDeclaration, type DeclarationBody } from '@idp/auth';
import { defineConsumer } from '@idp/events';
import { declareManifest } from '../access/manifests.ts';
import type { AuthContext } from '../context.ts';

/** Services say at every start what they let be decided: the system roles are made of it. */
export function onPermissionManifest(ctx: Pick<AuthContext, 'access' | 'clock'>) {
  return defineConsumer({
    name: 'auth.permission-manifests',
    types: ['idp.common.v1.PermissionManifestPublished'],
    ordering: 'none',
    async handle(tx, { data: { service, hash, body } }) {
      await declareManifest(tx, ctx, { service, hash, ...readDeclaration(JSON.parse(body) as DeclarationBody) });
    },
  });
}
