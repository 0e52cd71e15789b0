import { timingSafeEqual } from 'node:crypto';
import type { ApiKeyUses, VerifiedApiKey } from '@idp/auth';
import type { Tx } from '@idp/database';
import type { AuthContext } from '../../context.ts';
import { addKeyUses, findKeyByKid, findTenantOfKey, type ApiKeyRow } from '../../store/credentials/api-keys.ts';
import { findServiceAccount } from '../../store/credentials/service-accounts.ts';
import { getAccessVersion, isActiveMember } from '../../store/memberships.ts';
import type { Tables } from '../../store/tables.ts';
import { findTenant } from '../../store/tenants.ts';
import { findUser } from '../../store/users.ts';

/**
 * The key with this id and secret (SHA-256, base64url) as it stands now: undefined when there is none, when it has ended or was revoked,
 * when its owner may not sign in to the tenant any more, and when the tenant is not active.
 */
export async function verifyApiKey(
  { database, clock }: Pick<AuthContext, 'database' | 'clock'>,
  { kid, secretHash }: { kid: string; secretHash: string },
): Promise<VerifiedApiKey | undefined> {
  const tenantId = await database.global.read((tx) => findTenantOfKey(tx, kid));
  if (tenantId === undefined) return undefined;
  return database.tenant(tenantId).read(
    async (tx) => {
      const row = await findKeyByKid(tx, kid);
      const now = clock().getTime();
      const expiresAt = row && endOfSecret(row, Buffer.from(secretHash, 'base64url'));
      if (row === undefined || expiresAt === undefined || now >= expiresAt) return undefined;
      const [tenant, alive, accessVersion] = await Promise.all([
        findTenant(tx, tenantId),
        isOwnerAlive(tx, row),
        getAccessVersion(tx),
      ]);
      if (tenant?.status !== 'active' || !alive) return undefined;
      return {
        keyId: row.id,
        tenantId,
        owner: { type: row.owner_type === 'user' ? 'user' : 'service', id: row.owner_id },
        accessVersion,
        scopes: row.scopes,
        expiresAt,
        ipAllow: row.ip_allow,
        ...(row.rate_policy !== null && { ratePolicy: row.rate_policy }),
      };
    },
    { global: true },
  );
}

/** Takes note of uses that processes have counted. Keys that are gone meanwhile are passed over. */
export async function recordKeyUses(
  { database }: Pick<AuthContext, 'database'>,
  uses: readonly ApiKeyUses[],
): Promise<void> {
  for (const { tenantId, keyId, secretHash, requests, lastUsedAt, lastUsedIp: ip } of uses) {
    const use = { keyId, secretHash: Buffer.from(secretHash, 'base64url'), requests, at: new Date(lastUsedAt), ip };
    await database
      .tenant(tenantId)
      .write((tx) => addKeyUses(tx, use), { unaudited: 'counts what happened; the requests themselves are audited' });
  }
}

/** When the presented secret stops being accepted, in milliseconds; undefined when it is none of the key's. */
function endOfSecret(
  row: ApiKeyRow & { secret_hash: Buffer; overlap_hash: Buffer | null },
  presented: Buffer,
): number | undefined {
  if (presented.length !== row.secret_hash.length) return undefined;
  const end = Date.parse(row.expires_at);
  if (timingSafeEqual(presented, row.secret_hash)) return end;
  if (row.overlap_hash === null || row.overlap_until === null) return undefined;
  return timingSafeEqual(presented, row.overlap_hash) ? Math.min(end, Date.parse(row.overlap_until)) : undefined;
}

async function isOwnerAlive(tx: Tx<Tables>, { owner_type, owner_id }: ApiKeyRow): Promise<boolean> {
  if (owner_type === 'service-account') return (await findServiceAccount(tx, owner_id)) !== undefined;
  const [user, member] = await Promise.all([findUser(tx, owner_id), isActiveMember(tx, owner_id)]);
  return user?.status === 'active' && member;
}
