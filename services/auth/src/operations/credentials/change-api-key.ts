import { apiKeySecretHash, formatApiKey, makeApiKey } from '@idp/auth';
import { timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { publish } from '@idp/events';
import type { AuthContext } from '../../context.ts';
import { findApiKey, updateApiKey, type ApiKeyRow } from '../../store/credentials/api-keys.ts';
import { updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { keyOwner } from './create-api-key.ts';
import { requireInside } from './require-grantable.ts';

type Ctx = Pick<AuthContext, 'clock' | 'revocations'>;

/** Renames a key, narrows what it may do, or sets where it may be used. 403 `SCOPE_ESCALATION` for a scope it did not have. */
export async function updateKey(
  tx: Tx<Tables>,
  ctx: Ctx,
  before: ApiKeyRow,
  change: { name?: string | undefined; scopes?: string[] | undefined; ipAllow?: string[] | undefined },
): Promise<ApiKeyRow> {
  const { name = before.name, scopes = before.scopes, ipAllow = before.ip_allow } = change;
  requireInside(scopes, before.scopes);
  const stamps = updatedStamps(currentActor(), ctx.clock());
  await updateApiKey(tx, before.id, { name, scopes, ip_allow: ipAllow, ...stamps });
  tx.audit({
    action: 'auth:api-key:update',
    resourceType: 'api-key',
    resourceId: before.id,
    before: { name: before.name, scopes: before.scopes, ipAllow: before.ip_allow },
    after: { name, scopes, ipAllow },
  });
  // What processes remember of the key is asked for again.
  ctx.revocations.revoke(tx, { kind: 'api-key', id: before.id });
  return (await findApiKey(tx, before.id))!;
}

/** A new secret for the key; the present one is accepted for `overlapSeconds` more, the one before it no longer. */
export async function rotateKey(
  tx: Tx<Tables>,
  ctx: Ctx,
  before: ApiKeyRow & { secret_hash: Buffer },
  overlapSeconds: number,
): Promise<{ row: ApiKeyRow; text: string }> {
  const now = ctx.clock();
  const next = makeApiKey(before.owner_type === 'user' ? 'key' : 'svc', before.kid);
  const overlapUntil = new Date(now.getTime() + overlapSeconds * 1000);
  await updateApiKey(tx, before.id, {
    secret_hash: apiKeySecretHash(next.secret),
    secret_start: next.secret.slice(0, before.secret_start.length),
    last_used_at: null,
    overlap_hash: before.secret_hash,
    overlap_start: before.secret_start,
    overlap_until: overlapUntil.toISOString(),
    overlap_last_used_at: before.last_used_at,
    ...updatedStamps(currentActor(), now),
  });
  publish(tx, {
    type: 'idp.auth.v1.ApiKeyRotated',
    aggregateId: before.id,
    version: before.version + 1,
    data: {
      keyId: before.id,
      ownerType: keyOwner(before.owner_type),
      ownerId: before.owner_id,
      overlapUntil: timestampFromDate(overlapUntil),
    },
  });
  tx.audit({
    action: 'auth:api-key:rotate',
    resourceType: 'api-key',
    resourceId: before.id,
    before: { secretStart: before.secret_start },
    after: { secretStart: next.secret.slice(0, before.secret_start.length), overlapUntil: overlapUntil.toISOString() },
  });
  // What processes remember of the key is asked for again.
  ctx.revocations.revoke(tx, { kind: 'api-key', id: before.id });
  return { row: (await findApiKey(tx, before.id))!, text: formatApiKey(next) };
}

/** Ends a key for good. */
export async function revokeKey(
  tx: Tx<Tables>,
  ctx: Ctx,
  before: ApiKeyRow,
  reason: 'user' | 'admin' | 'leak' | 'owner',
): Promise<void> {
  const now = ctx.clock();
  await updateApiKey(tx, before.id, {
    revoked_at: now.toISOString(),
    revoked_reason: reason,
    ...updatedStamps(currentActor(), now),
  });
  publish(tx, {
    type: 'idp.auth.v1.ApiKeyRevoked',
    aggregateId: before.id,
    version: before.version + 1,
    data: {
      keyId: before.id,
      ownerType: keyOwner(before.owner_type),
      ownerId: before.owner_id,
      reason,
      revokedAt: timestampFromDate(now),
    },
  });
  tx.audit({
    action: 'auth:api-key:revoke',
    resourceType: 'api-key',
    resourceId: before.id,
    before: { revoked: false },
    after: { revoked: true, reason },
  });
  // What processes remember of the key is asked for again.
  ctx.revocations.revoke(tx, { kind: 'api-key', id: before.id });
}
