import {
  createAccessStore,
  headKey,
  shardMessage,
  signHead,
  type AccessHead,
  type AccessStore,
  type CompileCondition,
  type SealedShard,
  type SealedTenant,
  type SignedText,
  type TextSigner,
} from '@idp/auth';
import type { Tx } from '@idp/database';
import { publish, publishTombstone } from '@idp/events';
import type { Logger } from '@idp/telemetry';
import { deleteAccessShards, saveAccessHead, saveAccessShards } from '../store/access/snapshot.ts';
import type { Tables } from '../store/tables.ts';

export const accessTopic = 'idp.auth.access.v1';
export const revocationTopic = 'idp.auth.revocation.v1';

/** The compiled snapshot of all tenants in this process. */
export interface AccessSnapshot {
  store: AccessStore;
  /** The key that vouches for what this process compiles. */
  signer(): TextSigner;
  /** Hears of every newer version of a tenant from now on. */
  onAdvanced(listener: (tenantId: string, version: number) => void): void;
}

export function createAccessSnapshot(options: {
  signer: () => TextSigner;
  compile: CompileCondition;
  logger: Logger;
}): AccessSnapshot {
  const { signer, compile, logger } = options;
  const listeners: ((tenantId: string, version: number) => void)[] = [];
  const store = createAccessStore({
    compile,
    onAdvanced: (tenantId, version) => listeners.forEach((listener) => listener(tenantId, version)),
    onRejected(record) {
      // Older records come with every start and every resend.
      if (record.reason !== 'version') logger.error(record, 'a record of the access snapshot was ignored');
    },
  });
  return { store, signer, onAdvanced: (listener) => void listeners.push(listener) };
}

/** Stores a new version, publishes it with the commit, and lets this process decide by it afterwards. */
export async function publishVersion(
  tx: Tx<Tables>,
  { store, signer }: AccessSnapshot,
  { head, changed, removed }: SealedTenant,
): Promise<void> {
  const { tenantId, version } = head;
  const signed = signHead(head, signer());
  await Promise.all([
    saveAccessShards(tx, changed),
    deleteAccessShards(tx, removed),
    saveAccessHead(tx, { version, signed }),
  ]);
  publishRecords(tx, { head, signed, shards: changed });
  for (const name of removed) publishTombstone(tx, accessTopic, name);
  publish(tx, {
    type: 'idp.auth.v1.AccessAdvanced',
    aggregateId: headKey,
    version,
    data: { version: BigInt(version) },
  });
  tx.afterCommit(() => {
    for (const shard of changed) store.putShard(tenantId, shard);
    store.putHead(head);
  });
}

/** Puts a head, and shards that it names, on the bus. */
export function publishRecords(
  tx: Tx<Tables>,
  { head, signed, shards }: { head: Pick<AccessHead, 'version'>; signed: SignedText; shards: readonly SealedShard[] },
): void {
  for (const shard of shards) {
    publish(tx, {
      type: 'idp.auth.v1.AccessShardPublished',
      aggregateId: shard.name,
      version: shard.version,
      data: shardMessage(shard),
    });
  }
  publish(tx, { type: 'idp.auth.v1.AccessHeadPublished', aggregateId: headKey, version: head.version, data: signed });
}
