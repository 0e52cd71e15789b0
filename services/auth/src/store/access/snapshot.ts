import type { SealedShard, SignedText } from '@idp/auth';
import { named, type Tx } from '@idp/database';
import { sql } from 'kysely';
import type { Tables } from '../tables.ts';

/** The signed head of the transaction's tenant; undefined before it was compiled for the first time. */
export async function findAccessHead(tx: Tx<Tables>): Promise<SignedText | undefined> {
  return named(tx.db, 'auth.access-head')
    .selectFrom('access_heads')
    .select(['payload', 'kid', 'signature'])
    .where('tenant_id', '=', tx.tenantId)
    .executeTakeFirst();
}

export async function findAccessHeadVersion(tx: Tx<Tables>): Promise<number | undefined> {
  const row = await named(tx.db, 'auth.access-head-version')
    .selectFrom('access_heads')
    .select('version')
    .where('tenant_id', '=', tx.tenantId)
    .executeTakeFirst();
  return row?.version;
}

/** Shards of the tenant as they were published; all of them, or those of these names. */
export async function listAccessShards(tx: Tx<Tables>, names?: readonly string[]): Promise<SealedShard[]> {
  return named(tx.db, 'auth.access-shards')
    .selectFrom('access_shards')
    .select(['name', 'version', 'body as text'])
    .where('tenant_id', '=', tx.tenantId)
    .$if(names !== undefined, (query) => query.where('name', '=', sql<string>`any(${[...names!]}::text[])`))
    .execute();
}

export async function saveAccessHead(
  tx: Tx<Tables>,
  { version, signed }: { version: number; signed: SignedText },
): Promise<void> {
  const { payload, kid, signature } = signed;
  const values = { version, payload, kid, signature };
  await named(tx.db, 'auth.save-access-head')
    .insertInto('access_heads')
    .values(values)
    .onConflict((conflict) => conflict.column('tenant_id').doUpdateSet(values))
    .execute();
}

export async function saveAccessShards(tx: Tx<Tables>, shards: readonly SealedShard[]): Promise<void> {
  if (shards.length === 0) return;
  await sql`
    insert into access_shards (name, version, body)
    select * from unnest(
      ${shards.map(({ name }) => name)}::text[],
      ${shards.map(({ version }) => version)}::bigint[],
      ${shards.map(({ text }) => text)}::text[])
    on conflict (tenant_id, name) do update set version = excluded.version, body = excluded.body`.execute(
    named(tx.db, 'auth.save-access-shards'),
  );
}

export async function deleteAccessShards(tx: Tx<Tables>, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await named(tx.db, 'auth.delete-access-shards')
    .deleteFrom('access_shards')
    .where('tenant_id', '=', tx.tenantId)
    .where('name', '=', sql<string>`any(${[...names]}::text[])`)
    .execute();
}

/** Forgets head and shards of the transaction's tenant, as if it had never been compiled. */
export async function deleteAccessSnapshot(tx: Tx<Tables>): Promise<void> {
  await Promise.all([
    named(tx.db, 'auth.delete-access-head').deleteFrom('access_heads').where('tenant_id', '=', tx.tenantId).execute(),
    named(tx.db, 'auth.delete-all-access-shards')
      .deleteFrom('access_shards')
      .where('tenant_id', '=', tx.tenantId)
      .execute(),
  ]);
}
