import { apiKeySecretHash, formatApiKey, makeApiKey, type ApiKeyRatePolicy, type Principal } from '@idp/auth';
import { KeyOwner, newId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { publish } from '@idp/events';
import type { AuthContext } from '../../context.ts';
import { findApiKey, insertApiKey, type ApiKeyRow, type KeyOwnerType } from '../../store/credentials/api-keys.ts';
import { createdStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { requireGrantable, type KeyBounds } from './require-grantable.ts';

export interface NewApiKey extends KeyBounds {
  owner: { type: KeyOwnerType; id: string };
  name: string;
  ratePolicy?: ApiKeyRatePolicy | undefined;
}

/** First characters of a secret, by which people tell keys apart. */
const secretStartCharacters = 4;

/** A key and its text, which is shown this once. Errors of `requireGrantable`. */
export async function createApiKey(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'clock'>,
  principal: Principal,
  input: NewApiKey,
): Promise<{ row: ApiKeyRow; text: string }> {
  await requireGrantable(tx, ctx, principal, input);
  const { owner, name, scopes, expiresAt, ipAllow, ratePolicy } = input;
  const key = makeApiKey(owner.type === 'user' ? 'key' : 'svc');
  const id = newId();
  await insertApiKey(tx, {
    id,
    kid: key.kid,
    name,
    owner_type: owner.type,
    owner_id: owner.id,
    scopes: [...scopes],
    ip_allow: [...ipAllow],
    rate_policy: ratePolicy === undefined ? null : JSON.stringify(ratePolicy),
    expires_at: expiresAt.toISOString(),
    secret_hash: apiKeySecretHash(key.secret),
    secret_start: key.secret.slice(0, secretStartCharacters),
    ...createdStamps(currentActor(), ctx.clock()),
  });
  publish(tx, {
    type: 'idp.auth.v1.ApiKeyCreated',
    aggregateId: id,
    version: 1,
    data: {
      keyId: id,
      name,
      ownerType: keyOwner(owner.type),
      ownerId: owner.id,
      scopes: [...scopes],
      expiresAt: timestampFromDate(expiresAt),
    },
  });
  tx.audit({
    action: 'auth:api-key:create',
    resourceType: 'api-key',
    resourceId: id,
    after: { name, owner, scopes, ipAllow, expiresAt: expiresAt.toISOString() },
  });
  return { row: (await findApiKey(tx, id))!, text: formatApiKey(key) };
}

export function keyOwner(type: KeyOwnerType): KeyOwner {
  return type === 'user' ? KeyOwner.USER : KeyOwner.SERVICE_ACCOUNT;
}
