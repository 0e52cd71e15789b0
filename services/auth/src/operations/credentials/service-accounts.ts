import { newId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { NotFoundError, UnprocessableError } from '@idp/errors';
import { publish } from '@idp/events';
import { foldName } from '@idp/service';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import type { ClientKeys } from '../../domain/client-keys.ts';
import { lockKeysOfOwner } from '../../store/credentials/api-keys.ts';
import {
  findServiceAccount,
  insertServiceAccount,
  lockServiceAccount,
  scopeExists,
  updateServiceAccount,
  type ScopeType,
  type ServiceAccountRow,
} from '../../store/credentials/service-accounts.ts';
import { createdStamps, updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { revokeKey } from './change-api-key.ts';

type Ctx = Pick<AuthContext, 'clock' | 'revocations' | 'access'>;

export interface NewServiceAccount {
  name: string;
  description: string;
  scope: { type: ScopeType; id: string };
}

/** A service account of a tenant, organization, team or project; it may do nothing until a role is bound to it. 422 for a scope that is none. */
export async function createServiceAccount(
  tx: Tx<Tables>,
  ctx: Ctx,
  { name, description, scope }: NewServiceAccount,
): Promise<ServiceAccountRow> {
  if (!(await scopeExists(tx, scope))) {
    throw new UnprocessableError(`the ${scope.type} does not exist`, { code: 'REFERENCE_INVALID' });
  }
  const id = newId();
  const at = { scope_type: scope.type, scope_id: scope.id };
  const stamps = createdStamps(currentActor(), ctx.clock());
  await insertServiceAccount(tx, { id, name, name_norm: foldName(name), description, ...at, ...stamps });
  await accessChanged(tx, ctx, { principals: [{ type: 'service-account', id }] });
  publish(tx, {
    type: 'idp.auth.v1.ServiceAccountCreated',
    aggregateId: id,
    version: 1,
    data: { serviceAccountId: id, name, scopeType: scope.type, scopeId: scope.id },
  });
  tx.audit({
    action: 'auth:service-account:create',
    resourceType: 'service-account',
    resourceId: id,
    after: { name, description, scope },
  });
  return (await findServiceAccount(tx, id))!;
}

/** Renames or describes a service account; its scope stays. 404, 412, 409 where the name is taken. */
export async function changeServiceAccount(
  tx: Tx<Tables>,
  { clock }: Pick<Ctx, 'clock'>,
  input: {
    id: string;
    change: { name?: string | undefined; description?: string | undefined };
    /** Called with the version before the change; throws to refuse (If-Match). */
    precondition(version: number): void;
  },
): Promise<ServiceAccountRow> {
  const { id, change, precondition } = input;
  const before = await lockServiceAccount(tx, id);
  if (before === undefined) throw new NotFoundError('the service account does not exist');
  precondition(before.version);
  const { name = before.name, description = before.description } = change;
  const stamps = updatedStamps(currentActor(), clock());
  await updateServiceAccount(tx, id, { name, name_norm: foldName(name), description, ...stamps });
  tellUpdated(tx, before, name);
  tx.audit({
    action: 'auth:service-account:update',
    resourceType: 'service-account',
    resourceId: id,
    before: { name: before.name, description: before.description },
    after: { name, description },
  });
  return (await findServiceAccount(tx, id))!;
}

/** Puts the public keys a service account proves itself by in the place of those it had; none: it cannot. 404, 412. */
export async function replaceClientKeys(
  tx: Tx<Tables>,
  { clock }: Pick<Ctx, 'clock'>,
  input: { id: string; jwks: ClientKeys; precondition(version: number): void },
): Promise<ServiceAccountRow> {
  const { id, jwks, precondition } = input;
  const before = await lockServiceAccount(tx, id);
  if (before === undefined) throw new NotFoundError('the service account does not exist');
  precondition(before.version);
  const stamps = updatedStamps(currentActor(), clock());
  await updateServiceAccount(tx, id, { jwks: jwks.keys.length === 0 ? null : JSON.stringify(jwks), ...stamps });
  tellUpdated(tx, before, before.name);
  tx.audit({
    action: 'auth:service-account:set-keys',
    resourceType: 'service-account',
    resourceId: id,
    before: { keys: kidsOf(before.jwks) },
    after: { keys: kidsOf(jwks) },
  });
  return (await findServiceAccount(tx, id))!;
}

function tellUpdated(tx: Tx<Tables>, before: ServiceAccountRow, name: string): void {
  publish(tx, {
    type: 'idp.auth.v1.ServiceAccountUpdated',
    aggregateId: before.id,
    version: before.version + 1,
    data: { serviceAccountId: before.id, name, scopeType: before.scope_type, scopeId: before.scope_id },
  });
}

function kidsOf(jwks: ClientKeys | null): string[] {
  return jwks?.keys.map(({ kid }) => kid) ?? [];
}

/** Ends a service account and its keys. */
export async function deleteServiceAccount(tx: Tx<Tables>, ctx: Ctx, id: string): Promise<void> {
  const before = await lockServiceAccount(tx, id);
  if (before === undefined) throw new NotFoundError('the service account does not exist');
  for (const key of await lockKeysOfOwner(tx, id)) await revokeKey(tx, ctx, key, 'owner');
  const [actor, now] = [currentActor(), ctx.clock()];
  await updateServiceAccount(tx, id, {
    deleted_at: now.toISOString(),
    deleted_by: actor,
    ...updatedStamps(actor, now),
  });
  await accessChanged(tx, ctx, { principals: [{ type: 'service-account', id }] });
  publish(tx, {
    type: 'idp.auth.v1.ServiceAccountDeleted',
    aggregateId: id,
    version: before.version + 1,
    data: { serviceAccountId: id },
  });
  tx.audit({
    action: 'auth:service-account:delete',
    resourceType: 'service-account',
    resourceId: id,
    before: { name: before.name, scope: { type: before.scope_type, id: before.scope_id } },
  });
}
