import { sql, type Insertable, type Updateable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { ApiKeyRatePolicy } from '@idp/auth';
import type { ApiKeysTable, Tables } from '../tables.ts';

/** Everything of a key but its hashes. */
const columns = [
  'id',
  'kid',
  'name',
  'owner_type',
  'owner_id',
  'scopes',
  'ip_allow',
  'rate_policy',
  'expires_at',
  'secret_start',
  'last_used_at',
  'last_used_ip',
  'overlap_start',
  'overlap_until',
  'overlap_last_used_at',
  'version',
  'created_at',
  'created_by',
] as const;

export type KeyOwnerType = 'user' | 'service-account';

export interface ApiKeyRow {
  id: string;
  kid: string;
  name: string;
  owner_type: KeyOwnerType;
  owner_id: string;
  scopes: string[];
  ip_allow: string[];
  rate_policy: ApiKeyRatePolicy | null;
  expires_at: string;
  secret_start: string;
  last_used_at: string | null;
  last_used_ip: string | null;
  overlap_start: string | null;
  overlap_until: string | null;
  overlap_last_used_at: string | null;
  version: number;
  created_at: string;
  created_by: string;
}

/** The key and the way to its tenant. */
export async function insertApiKey(tx: Tx<Tables>, row: Insertable<ApiKeysTable>): Promise<void> {
  await Promise.all([
    named(tx.db, 'auth.insert-api-key').insertInto('api_keys').values(row).execute(),
    named(tx.db, 'auth.index-api-key')
      .insertInto('api_key_index')
      .values({ kid: row.kid, tenant_id: tx.tenantId })
      .execute(),
  ]);
}

/** Keys that are not revoked, of one owner or of all. */
export function apiKeysQuery(
  tx: Tx<Tables>,
  { ownerId, name = 'auth.api-keys' }: { ownerId?: string | undefined; name?: string } = {},
) {
  const query = named(tx.db, name)
    .selectFrom('api_keys')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('revoked_at', 'is', null);
  return ownerId === undefined ? query : query.where('owner_id', '=', ownerId);
}

export async function findApiKey(tx: Tx<Tables>, id: string): Promise<ApiKeyRow | undefined> {
  const row = await apiKeysQuery(tx, { name: 'auth.api-key' }).where('id', '=', id).executeTakeFirst();
  return row as ApiKeyRow | undefined;
}

/** The same with the hash of its secret, locked to the end of the transaction. */
export async function lockApiKey(
  tx: Tx<Tables>,
  id: string,
): Promise<(ApiKeyRow & { secret_hash: Buffer }) | undefined> {
  const row = await apiKeysQuery(tx, { name: 'auth.lock-api-key' })
    .select('secret_hash')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row as (ApiKeyRow & { secret_hash: Buffer }) | undefined;
}

/** Changes a key and lets its version grow. */
export async function updateApiKey(
  tx: Tx<Tables>,
  id: string,
  change: Omit<Updateable<ApiKeysTable>, 'version'>,
): Promise<void> {
  await named(tx.db, 'auth.update-api-key')
    .updateTable('api_keys')
    .set((update) => ({ ...change, version: update('version', '+', 1) }))
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .execute();
}

/** Ids of the live keys of an owner, locked. */
export async function lockKeysOfOwner(tx: Tx<Tables>, ownerId: string): Promise<ApiKeyRow[]> {
  const rows = await apiKeysQuery(tx, { ownerId, name: 'auth.lock-keys-of-owner' }).orderBy('id').forUpdate().execute();
  return rows as ApiKeyRow[];
}

/** Which tenant a key is of. */
export async function findTenantOfKey(tx: Tx<Tables>, kid: string): Promise<string | undefined> {
  const row = await named(tx.db, 'auth.tenant-of-key')
    .selectFrom('api_key_index')
    .select('tenant_id')
    .where('kid', '=', kid)
    .executeTakeFirst();
  return row?.tenant_id;
}

/** A key with its hashes, for whoever presents a secret. */
export async function findKeyByKid(
  tx: Tx<Tables>,
  kid: string,
): Promise<(ApiKeyRow & { secret_hash: Buffer; overlap_hash: Buffer | null }) | undefined> {
  const row = await apiKeysQuery(tx, { name: 'auth.key-by-kid' })
    .select(['secret_hash', 'overlap_hash'])
    .where('kid', '=', kid)
    .executeTakeFirst();
  return row as (ApiKeyRow & { secret_hash: Buffer; overlap_hash: Buffer | null }) | undefined;
}

/** Adds uses to a day, and moves the last use of the secret they were made with. */
export async function addKeyUses(
  tx: Tx<Tables>,
  uses: { keyId: string; secretHash: Buffer; requests: number; at: Date; ip?: string | undefined },
): Promise<void> {
  const { keyId, secretHash, requests, at, ip = null } = uses;
  const day = at.toISOString().slice(0, 10);
  const used = at.toISOString();
  await sql`with touched as (
      update api_keys set
        last_used_at = case when secret_hash = ${secretHash} then greatest(last_used_at, ${used}) else last_used_at end,
        last_used_ip = coalesce(${ip}::inet, last_used_ip),
        overlap_last_used_at =
          case when overlap_hash = ${secretHash} then greatest(overlap_last_used_at, ${used}) else overlap_last_used_at end
      where tenant_id = ${tx.tenantId} and id = ${keyId}
      returning id)
    insert into api_key_usage_daily (key_id, day, requests) select id, ${day}::date, ${requests} from touched
    on conflict (tenant_id, key_id, day) do update set requests = api_key_usage_daily.requests + excluded.requests`.execute(
    tx.db,
  );
}

/** Requests of each day, newest first. */
export async function listKeyUsage(
  tx: Tx<Tables>,
  keyId: string,
  days: number,
): Promise<{ day: string; requests: number }[]> {
  return named(tx.db, 'auth.key-usage')
    .selectFrom('api_key_usage_daily')
    .select(['day', 'requests'])
    .where('tenant_id', '=', tx.tenantId)
    .where('key_id', '=', keyId)
    .orderBy('day', 'desc')
    .limit(days)
    .execute();
}
