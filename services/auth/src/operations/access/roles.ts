import { grantedRules, overlayWorld, type World } from '@idp/auth';
import { newId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { ConflictError, NotFoundError } from '@idp/errors';
import { publish } from '@idp/events';
import { foldName } from '@idp/service';
import { accessChanged } from '../../access/changed.ts';
import { isOwnRole } from '../../domain/role.ts';
import { addedRules, requireTree } from '../../domain/access/role-changes.ts';
import { rulesOf, type RulesInput } from '../../domain/access/role-rules.ts';
import { deleteBindingsOfRole, listBindingConditions } from '../../store/access/bindings.ts';
import {
  countRoleUses,
  deleteRole as deleteRoleRow,
  findRole,
  insertRole,
  isRoleNameTaken,
  saveRole,
  type Role,
} from '../../store/access/roles.ts';
import { createdStamps, updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { roleData, roleRecord, roleState } from './role-events.ts';
import {
  lockAccess,
  requireGrant,
  requireRole,
  type AccessCtx,
  type AccessSetting,
  type ByPrincipal,
  type Target,
} from './setting.ts';

export interface RoleInput extends RulesInput {
  name: string;
  description?: string | undefined;
  parentRoleIds?: readonly string[] | undefined;
}

/**
 * A role of the tenant. 409 `NAME_TAKEN`; 422 `UNKNOWN_PERMISSION`, `CONDITION_…`, `ROLE_CYCLE`, `REFERENCE_INVALID` for a
 * parent; 403 `SCOPE_ESCALATION` for what the caller does not hold in the whole tenant.
 */
export async function createRole(
  tx: Tx<Tables>,
  ctx: AccessCtx,
  { principal, ...input }: ByPrincipal & RoleInput,
): Promise<Role> {
  const setting = await lockAccess(tx, ctx, principal);
  const { name, description = '' } = input;
  const id = newId();
  const content = { name, rules: rulesOf(setting.catalogue, input), parentRoleIds: [...(input.parentRoleIds ?? [])] };
  judgeRole(setting, id, content);
  const { now } = setting;
  const stamps = createdStamps(currentActor(), now);
  const row = { id, name, name_norm: foldName(name), description, ...stamps };
  if (!(await insertRole(tx, row, content))) throw nameTaken();
  await accessChanged(tx, ctx, { roles: true });
  const made = (await findRole(tx, id))!;
  publish(tx, {
    type: 'idp.auth.v1.RoleCreated',
    aggregateId: id,
    version: made.version,
    data: { ...roleData(made), createdAt: timestampFromDate(now) },
  });
  tx.audit({ action: 'auth:role:create', resourceType: 'role', resourceId: id, after: roleState(made) });
  return made;
}

/** Changes a role; rules and parents that are given take the place of all before. 404, 412, else as `createRole`. */
export async function updateRole(
  tx: Tx<Tables>,
  ctx: AccessCtx,
  { id, principal, precondition, ...change }: Target & Omit<RoleInput, 'name'> & { name?: string | undefined },
): Promise<Role> {
  const setting = await lockAccess(tx, ctx, principal);
  const before = await requireOwnRole(tx, setting.world, id);
  precondition(before.version);
  const { name = before.name, description = before.description } = change;
  const givesRules = change.rules !== undefined || change.permissions !== undefined;
  const content = {
    name,
    rules: givesRules ? rulesOf(setting.catalogue, change) : before.rules,
    parentRoleIds: [...(change.parentRoleIds ?? before.parentRoleIds)],
  };
  const added = judgeRole(setting, id, content);
  await requireBindingConditions(tx, setting, id, added);
  const nameNorm = foldName(name);
  if (await isRoleNameTaken(tx, nameNorm, id)) throw nameTaken();
  const { now } = setting;
  const stamps = updatedStamps(currentActor(), now);
  const after = await saveRole(tx, id, { name, name_norm: nameNorm, description, ...stamps }, content);
  await accessChanged(tx, ctx, { roles: true });
  publish(tx, {
    type: 'idp.auth.v1.RoleUpdated',
    aggregateId: id,
    version: after.version,
    data: { ...roleData(after), updatedAt: timestampFromDate(now) },
  });
  tx.audit({
    action: 'auth:role:update',
    resourceType: 'role',
    resourceId: id,
    before: roleState(before),
    after: roleState(after),
  });
  return after;
}

/** Deletes a role that nobody holds, no role inherits from and no policy is about: else 409. 404, 412. */
export async function deleteRole(
  tx: Tx<Tables>,
  ctx: AccessCtx,
  { id, principal, precondition }: Target,
): Promise<void> {
  const { world, now } = await lockAccess(tx, ctx, principal);
  const before = await requireOwnRole(tx, world, id);
  precondition(before.version);
  const uses = await countRoleUses(tx, id, now);
  if (uses.bindings + uses.roles + uses.policies > 0) {
    throw new ConflictError('the role is in use', { details: uses });
  }
  const principals = await deleteBindingsOfRole(tx, id);
  await deleteRoleRow(tx, id);
  await accessChanged(tx, ctx, { roles: true, principals });
  publish(tx, {
    type: 'idp.auth.v1.RoleDeleted',
    aggregateId: id,
    version: before.version + 1,
    data: { roleId: id, deletedAt: timestampFromDate(now) },
  });
  tx.audit({ action: 'auth:role:delete', resourceType: 'role', resourceId: id, before: roleState(before) });
}

/** Checks what the role would be; what it would give beyond what it gives now. */
function judgeRole(setting: AccessSetting, id: string, content: Pick<Role, 'name' | 'rules' | 'parentRoleIds'>) {
  const { world } = setting;
  for (const parent of content.parentRoleIds) requireRole(setting, parent, 'parentRoleIds');
  const after = overlayWorld(world, { roles: { [id]: roleRecord(content) } });
  requireTree(after);
  const added = addedRules(grantedRules(world, id), grantedRules(after, id));
  requireGrant(setting, added, { scopeType: 'tenant', scopeId: world.tenantId });
  return added;
}

/** 422 where a binding to the role, or to one that inherits from it, has a condition that does not fit what is new. */
async function requireBindingConditions(
  tx: Tx<Tables>,
  { world, catalogue }: AccessSetting,
  id: string,
  added: ReturnType<typeof addedRules>,
): Promise<void> {
  if (added.length === 0) return;
  const heirs = world.roles.ids().filter((roleId) => world.roles.includes(roleId, id));
  for (const condition of await listBindingConditions(tx, heirs)) {
    for (const { permission } of added) catalogue.requireCondition(condition, permission);
  }
}

/** 404 for a role that does not exist, 409 for a system role: those are the platform's. */
async function requireOwnRole(tx: Tx<Tables>, world: World, id: string): Promise<Role> {
  const role = isOwnRole(id) ? await findRole(tx, id) : undefined;
  if (role !== undefined) return role;
  if (world.roles.record(id) === undefined) throw new NotFoundError('the role does not exist');
  throw new ConflictError('a system role cannot be changed');
}

function nameTaken(): ConflictError {
  return new ConflictError('another role has this name', { code: 'NAME_TAKEN', details: { field: 'name' } });
}
