import { headKey, readHead, readShardMessage, type VerificationKeys } from '@idp/auth';
import { defineConsumer } from '@idp/events';
import type { AuthContext } from '../context.ts';

/**
 * Reads what this and other processes of auth have published: so that all of them decide by it, and to see what is missing
 * on the bus.
 */
export function onAccess({
  access,
  accessKeys,
  logger,
  published,
}: Pick<AuthContext, 'access' | 'accessKeys' | 'logger' | 'published'>) {
  const { store } = access.snapshot;
  let keys: VerificationKeys = new Map();
  return defineConsumer({
    name: 'auth.access',
    types: ['idp.auth.v1.AccessShardPublished', 'idp.auth.v1.AccessHeadPublished'],
    mode: 'instance',
    ordering: 'none',
    from: 'start',
    allowOwn: true,
    async onReset() {
      published.forget();
      keys = await accessKeys.verifiers();
    },
    onCaughtUp: () => published.caughtUp(),
    async handle({ type, tenantId, aggregateId, data }) {
      if (type === 'idp.auth.v1.AccessShardPublished') {
        const shard = readShardMessage(data);
        if (shard !== undefined) store.putShard(tenantId, shard);
        return;
      }
      if (aggregateId !== headKey) return;
      if (!keys.has(data.kid)) keys = await accessKeys.verifiers();
      const head = readHead(tenantId, data, keys);
      if (head === undefined) {
        logger.error({ tenantId, reason: 'signature' }, 'a record of the access snapshot was ignored');
        return;
      }
      published.saw(tenantId, head.version);
      store.putHead(head);
    },
  });
}
