import { decide, overlayWorld, type Effect, type PolicyRecord, type ScopeType } from '@idp/auth';
import { newId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { ConflictError, InvalidStateError, NotFoundError } from '@idp/errors';
import { publish } from '@idp/events';
import { foldName } from '@idp/service';
import { accessChanged } from '../../access/changed.ts';
import { requirePermission } from '../../domain/access/role-rules.ts';
import {
  deletePolicy as deletePolicyRow,
  findPolicy,
  insertPolicy,
  isPolicyNameTaken,
  savePolicy,
  type Policy,
} from '../../store/access/policies.ts';
import { createdStamps, updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { policyData, policyRecord, policyState } from './policy-events.ts';
import {
  lockAccess,
  missingReference,
  requireGrant,
  requireRole,
  requireScope,
  type AccessCtx,
  type AccessSetting,
  type ByPrincipal,
  type Target,
} from './setting.ts';

export interface PolicyInput {
  name: string;
  description: string;
  effect: Effect;
  permissions: readonly string[];
  subjects: PolicyRecord['subjects'];
  scopeType: ScopeType;
  scopeId?: string | undefined;
  condition?: string | null | undefined;
  enabled: boolean;
}

/**
 * A guard rail of the tenant. 409 `NAME_TAKEN`, `INVALID_STATE` where the caller could not change it any more; 422
 * `UNKNOWN_PERMISSION`, `CONDITION_…`, `REFERENCE_INVALID`; 403 `SCOPE_ESCALATION` for an allow of what the caller lacks.
 */
export async function createPolicy(
  tx: Tx<Tables>,
  ctx: AccessCtx,
  { principal, ...input }: ByPrincipal & PolicyInput,
): Promise<Policy> {
  const setting = await lockAccess(tx, ctx, principal);
  const { now } = setting;
  const id = newId();
  const columns = judgePolicy(setting, id, input);
  const made = await insertPolicy(tx, { id, ...columns, ...createdStamps(currentActor(), now) });
  if (made === undefined) throw nameTaken();
  await accessChanged(tx, ctx, { policies: true });
  publish(tx, {
    type: 'idp.auth.v1.PolicyCreated',
    aggregateId: id,
    version: made.version,
    data: { ...policyData(made), createdAt: timestampFromDate(now) },
  });
  tx.audit({ action: 'auth:policy:create', resourceType: 'policy', resourceId: id, after: policyState(made) });
  return made;
}

/** Changes a policy. 404, 412, else as `createPolicy`. */
export async function updatePolicy(
  tx: Tx<Tables>,
  ctx: AccessCtx,
  {
    id,
    principal,
    precondition,
    change,
  }: Target & { change: { [Key in keyof PolicyInput]?: PolicyInput[Key] | undefined } },
): Promise<Policy> {
  const setting = await lockAccess(tx, ctx, principal);
  const { now } = setting;
  const before = await requirePolicy(tx, id);
  precondition(before.version);
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  // A scope is one thing of two members: half of it would be the old scope's other half.
  const scope = change.scopeType === undefined ? {} : { scopeId: change.scopeId };
  const columns = judgePolicy(setting, id, { ...before, ...given, ...scope });
  if (await isPolicyNameTaken(tx, columns.name_norm, id)) throw nameTaken();
  const after = await savePolicy(tx, id, { ...columns, ...updatedStamps(currentActor(), now) });
  await accessChanged(tx, ctx, { policies: true });
  publish(tx, {
    type: 'idp.auth.v1.PolicyUpdated',
    aggregateId: id,
    version: after.version,
    data: { ...policyData(after), updatedAt: timestampFromDate(now) },
  });
  tx.audit({
    action: 'auth:policy:update',
    resourceType: 'policy',
    resourceId: id,
    before: policyState(before),
    after: policyState(after),
  });
  return after;
}

/** 404, 412. */
export async function deletePolicy(
  tx: Tx<Tables>,
  ctx: AccessCtx,
  { id, principal, precondition }: Target,
): Promise<void> {
  const { now } = await lockAccess(tx, ctx, principal);
  const before = await requirePolicy(tx, id);
  precondition(before.version);
  await deletePolicyRow(tx, id);
  await accessChanged(tx, ctx, { policies: true });
  publish(tx, {
    type: 'idp.auth.v1.PolicyDeleted',
    aggregateId: id,
    version: before.version + 1,
    data: { policyId: id, deletedAt: timestampFromDate(now) },
  });
  tx.audit({ action: 'auth:policy:delete', resourceType: 'policy', resourceId: id, before: policyState(before) });
}

async function requirePolicy(tx: Tx<Tables>, id: string): Promise<Policy> {
  const found = await findPolicy(tx, id);
  if (found === undefined) throw new NotFoundError('the policy does not exist');
  return found;
}

/** Checks what the policy would be; its columns. */
function judgePolicy(setting: AccessSetting, id: string, input: PolicyInput) {
  const { catalogue } = setting;
  const { name, description, effect, permissions, subjects, enabled } = input;
  const condition = input.condition ?? null;
  for (const permission of permissions) {
    requirePermission(catalogue, permission);
    if (condition !== null) catalogue.requireCondition(condition, permission);
  }
  if (subjects !== 'all') {
    for (const roleId of subjects.roleIds ?? []) requireRole(setting, roleId, 'subjects.roleIds');
    for (const teamId of subjects.teamIds ?? []) {
      if (setting.world.scopes.record(teamId)?.type !== 'team') throw missingReference('subjects.teamIds');
    }
  }
  const scope = requireScope(setting, input);
  if (enabled) judgeEffect(setting, policyRecord({ id, name, effect, permissions, subjects, condition, ...scope }));
  return {
    name,
    name_norm: foldName(name),
    description,
    effect,
    permissions: [...permissions],
    subjects: JSON.stringify(subjects),
    scope_type: scope.scopeType,
    scope_id: scope.scopeId,
    condition,
    enabled,
  };
}

/** Nobody allows others what they lack, and nobody denies themselves the way back. */
function judgeEffect(setting: AccessSetting, policy: PolicyRecord): void {
  const { world, granter, now } = setting;
  if (policy.effect === 'allow') {
    const conditions = policy.condition === undefined ? [] : [policy.condition];
    const rules = policy.permissions.map((permission) => ({ permission, effect: policy.effect, conditions }));
    return requireGrant(setting, rules, policy);
  }
  const question = { principal: granter, permission: 'auth:policy:manage' };
  const after = overlayWorld(world, { policies: [policy] });
  if (decide(world, question, now.getTime()).allowed && !decide(after, question, now.getTime()).allowed) {
    throw new InvalidStateError('you could not change policies any more');
  }
}

function nameTaken(): ConflictError {
  return new ConflictError('another policy has this name', { code: 'NAME_TAKEN', details: { field: 'name' } });
}
