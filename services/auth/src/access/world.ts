import type { AccessHead, AccessStore, World } from '@idp/auth';
import { platformTenantId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { UnavailableError } from '@idp/errors';
import type { AuthContext } from '../context.ts';
import { findAccessHead, findAccessHeadVersion, listAccessShards } from '../store/access/snapshot.ts';
import { findTenant } from '../store/tenants.ts';
import type { Tables } from '../store/tables.ts';
import { accessChanged, hasChangedAccess } from './changed.ts';

/** A head may be replaced between it and its shards being read. */
const readsMax = 5;

/**
 * Brings this process to the version of the transaction's tenant that is committed; false where it was never compiled. Only
 * what is missing is read.
 */
export async function readSnapshot(tx: Tx<Tables>, store: AccessStore): Promise<boolean> {
  if (hasChangedAccess(tx)) throw new Error('the snapshot is read in a transaction that changes it');
  const { tenantId } = tx;
  for (let read = 0; read < readsMax; read += 1) {
    const version = await findAccessHeadVersion(tx);
    if (version === undefined) return false;
    if ((store.version(tenantId) ?? -1) >= version) return true;
    const stored = await findAccessHead(tx);
    if (stored === undefined) return false;
    store.putHead(JSON.parse(stored.payload) as AccessHead);
    const missing = store.missing(tenantId);
    if (missing === undefined) continue;
    for (const shard of await listAccessShards(tx, missing.shards)) store.putShard(tenantId, shard);
  }
  throw new UnavailableError('access changes faster than it can be read', { code: 'AUTHZ_STALE' });
}

/** The transaction's tenant as it is now, before any change of its own. 503 `AUTHZ_STALE` where it was never compiled. */
export async function freshWorld(tx: Tx<Tables>, { access }: Pick<AuthContext, 'access'>): Promise<World> {
  const { store } = access.snapshot;
  const world = (await readSnapshot(tx, store)) ? store.world(tx.tenantId) : undefined;
  if (world === undefined) throw new UnavailableError('access is not compiled yet', { code: 'AUTHZ_STALE' });
  return world;
}

/** Makes a tenant known to this process as the database has it, compiling it where nobody has; false for one that does not exist. */
export async function loadTenant(
  ctx: Pick<AuthContext, 'access' | 'clock' | 'database'>,
  tenantId: string,
): Promise<boolean> {
  const { store } = ctx.access.snapshot;
  const door = ctx.database.tenant(tenantId);
  if (await door.read((tx) => readSnapshot(tx, store))) return true;
  const compiled = await door.write(
    async (tx) => {
      if ((await findTenant(tx, tenantId)) === undefined) return false;
      await accessChanged(tx, ctx, {});
      return true;
    },
    { global: true, unaudited: 'what is compiled has its rows where it was changed' },
  );
  return compiled;
}

/** The newest world of a tenant, read from the database where this process is behind. Undefined for one that does not exist. */
export async function currentWorld(
  ctx: Pick<AuthContext, 'access' | 'clock' | 'database'>,
  tenantId: string,
): Promise<World | undefined> {
  const { store } = ctx.access.snapshot;
  const [exists] = await Promise.all([
    loadTenant(ctx, tenantId),
    store.version(platformTenantId) === undefined ? loadTenant(ctx, platformTenantId) : true,
  ]);
  return exists ? store.world(tenantId) : undefined;
}
