import { readRevoked, revocationOf, type VerificationKeys } from '@idp/auth';
import { defineConsumer } from '@idp/events';
import type { AuthContext } from '../context.ts';

/** What another process of auth has revoked is refused here as well; its own it has refused since the commit. */
export function onCredentialRevoked({
  accessKeys,
  logger,
  revocations,
}: Pick<AuthContext, 'accessKeys' | 'logger' | 'revocations'>) {
  let keys: VerificationKeys = new Map();
  return defineConsumer({
    name: 'auth.revocations',
    types: ['idp.auth.v1.CredentialRevoked'],
    mode: 'instance',
    ordering: 'none',
    from: 'start',
    allowOwn: true,
    async onReset() {
      keys = await accessKeys.verifiers();
    },
    async handle({ tenantId, data }) {
      if (!keys.has(data.kid)) keys = await accessKeys.verifiers();
      const revoked = readRevoked(tenantId, data, keys);
      const revocation = revoked && revocationOf(revoked);
      if (revocation !== undefined) revocations.hear(revocation);
      else logger.error({ tenantId, reason: 'signature' }, 'a revocation was ignored');
    },
  });
}
