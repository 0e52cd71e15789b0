import { grantedRules, type BindingPrincipalType, type ScopeRef, type ScopeType, type World } from '@idp/auth';
import { newId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { ConflictError, NotFoundError, ValidationError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import { ownerRoleOf } from '../../domain/tenant-roles.ts';
import {
  deleteBinding,
  findBinding,
  insertBindingRow,
  saveBinding,
  type Binding,
} from '../../store/access/bindings.ts';
import { hasOtherHolder } from '../../store/members/role-bindings.ts';
import { lockOrganization } from '../../store/organizations/organizations.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { bindingState, grantedData, heldData } from './binding-events.ts';
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

/** Who is to hold which role where, from when until when. */
export interface NewGrant {
  principalType: BindingPrincipalType;
  principalId: string;
  /** UUID of a role of the tenant, or the key of a system role. */
  roleId: string;
  scopeType: ScopeType;
  /** May be left out for the whole tenant. */
  scopeId?: string | undefined;
  /** RFC 3339; default now. */
  startsAt?: string | undefined;
  expiresAt?: string | undefined;
  condition?: string | undefined;
  reason?: string | undefined;
}

/** Throws to refuse a change of what counts there: 404 or 403. */
type JudgeScope = (scope: ScopeRef) => void;

/** What of a binding can change; null takes away. */
export interface GrantChange {
  expiresAt?: string | null | undefined;
  condition?: string | null | undefined;
  reason?: string | null | undefined;
}

/**
 * Gives a user, a team or a service account a role. 400 for times that are over; 422 `REFERENCE_INVALID`, `CONDITION_…`; 403
 * `SCOPE_ESCALATION` for what the caller does not hold in all of the scope; 409 where the same grant exists.
 */
export async function grantRole(
  tx: Tx<Tables>,
  ctx: AccessCtx,
  { principal, judgeScope, ...grant }: ByPrincipal & NewGrant & { judgeScope: JudgeScope },
): Promise<Binding> {
  const setting = await lockAccess(tx, ctx, principal);
  const { world, now } = setting;
  const { principalType, principalId, roleId, condition } = grant;
  const scope = requireScope(setting, grant);
  judgeScope(scope);
  requireRole(setting, roleId);
  if (!exists(world, principalType, principalId)) throw missingReference('principalId');
  requireOwnScope(world, roleId, scope);
  const startsAt = grant.startsAt === undefined ? now : new Date(grant.startsAt);
  const expiresAt = grant.expiresAt === undefined ? null : new Date(grant.expiresAt);
  requireTimes(now, startsAt, expiresAt);
  judgeGrant(setting, { roleId, condition: condition ?? null, ...scope });
  const made = await insertBindingRow(tx, {
    id: newId(),
    principal_type: principalType,
    principal_id: principalId,
    role_id: roleId,
    scope_type: scope.scopeType,
    scope_id: scope.scopeId,
    starts_at: startsAt.toISOString(),
    expires_at: expiresAt?.toISOString() ?? null,
    condition: condition ?? null,
    granted_by: currentActor(),
    granted_via: 'direct',
    reason: grant.reason ?? null,
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
  });
  if (made === undefined) throw new ConflictError('the principal holds this role there from that moment on already');
  await accessChanged(tx, ctx, { principals: [{ type: principalType, id: principalId }] });
  publish(tx, {
    type: 'idp.auth.v1.RoleGranted',
    aggregateId: made.id,
    version: made.version,
    data: grantedData(made),
  });
  tx.audit({
    action: 'auth:binding:grant',
    resourceType: 'role-binding',
    resourceId: made.id,
    after: bindingState(made),
    ...(made.reason !== null && { reason: made.reason }),
  });
  return made;
}

/** Changes how long and under which condition a binding counts. 404, 412, 409 `LAST_OWNER`, else as `grantRole`. */
export async function changeBinding(
  tx: Tx<Tables>,
  ctx: AccessCtx,
  { id, principal, precondition, judgeScope, change }: Target & { judgeScope: JudgeScope; change: GrantChange },
): Promise<Binding> {
  await lockOwners(tx, id);
  const setting = await lockAccess(tx, ctx, principal);
  const { now } = setting;
  const before = await requireBinding(tx, id);
  judgeScope(before);
  precondition(before.version);
  const { expiresAt = before.expiresAt, condition = before.condition, reason = before.reason } = change;
  requireTimes(now, new Date(before.startsAt), expiresAt === null ? null : new Date(expiresAt));
  // First: of two owners who demote each other, the later one is no owner any more.
  if (expiresAt !== null || condition !== null) await requireOwnerLeft(tx, setting, before);
  judgeGrant(setting, { ...before, condition });
  const after = await saveBinding(tx, id, {
    expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString(),
    condition,
    reason,
    updated_at: now.toISOString(),
  });
  await accessChanged(tx, ctx, { principals: [holderOf(after)] });
  publish(tx, {
    type: 'idp.auth.v1.RoleGranted',
    aggregateId: id,
    version: after.version,
    data: grantedData(after),
  });
  tx.audit({
    action: 'auth:binding:update',
    resourceType: 'role-binding',
    resourceId: id,
    before: bindingState(before),
    after: bindingState(after),
  });
  return after;
}

/** Takes a binding away. 404, 412, 409 `LAST_OWNER`, 403 `SCOPE_ESCALATION`. */
export async function revokeBinding(
  tx: Tx<Tables>,
  ctx: AccessCtx,
  { id, principal, precondition, judgeScope }: Target & { judgeScope: JudgeScope },
): Promise<void> {
  await lockOwners(tx, id);
  const setting = await lockAccess(tx, ctx, principal);
  const before = await requireBinding(tx, id);
  judgeScope(before);
  precondition(before.version);
  // First, for the same reason.
  await requireOwnerLeft(tx, setting, before);
  requireGrant(setting, grantedRules(setting.world, before.roleId, before.condition ?? undefined), before);
  await deleteBinding(tx, id);
  await accessChanged(tx, ctx, { principals: [holderOf(before)] });
  publish(tx, {
    type: 'idp.auth.v1.RoleRevoked',
    aggregateId: id,
    version: before.version + 1,
    data: { ...heldData(before), revokedAt: timestampFromDate(setting.now), reason: 'revoked' },
  });
  tx.audit({
    action: 'auth:binding:revoke',
    resourceType: 'role-binding',
    resourceId: id,
    before: bindingState(before),
  });
}

/** Who owns an organization is decided under its lock, which comes before that of the tenant. */
async function lockOwners(tx: Tx<Tables>, id: string): Promise<void> {
  const seen = await findBinding(tx, id);
  if (seen?.scopeType === 'organization') await lockOrganization(tx, seen.scopeId);
}

async function requireBinding(tx: Tx<Tables>, id: string): Promise<Binding> {
  const found = await findBinding(tx, id);
  if (found === undefined) throw new NotFoundError('the binding does not exist');
  return found;
}

function holderOf({ principalType, principalId }: Binding) {
  return { type: principalType, id: principalId };
}

function exists({ people, scopes }: World, type: BindingPrincipalType, id: string): boolean {
  return type === 'team' ? scopes.record(id)?.type === 'team' : people.subject(type, id) !== undefined;
}

/** 400 for a time that is over before it begins or already. */
function requireTimes(now: Date, startsAt: Date, expiresAt: Date | null): void {
  if (expiresAt === null || (expiresAt > startsAt && expiresAt > now)) return;
  const issues = [{ path: 'body.expiresAt', message: 'must lie in the future and after startsAt' }];
  throw new ValidationError('the binding would never count', { issues });
}

/** Owners are counted where their role counts whole: 422 for one of them in another kind of scope. */
function requireOwnScope({ tenantId }: World, roleId: string, { scopeType }: ScopeRef): void {
  const wanted = { [ownerRoleOf(tenantId)]: 'tenant', 'organization-owner': 'organization' }[roleId];
  if (wanted !== undefined && wanted !== scopeType) throw missingReference('scopeType');
}

/** Whether the caller may give it, and whether its condition fits everything the role is about. */
function judgeGrant(
  setting: AccessSetting,
  { roleId, condition, ...scope }: ScopeRef & { roleId: string; condition: string | null },
): void {
  const { world, catalogue } = setting;
  const rules = grantedRules(world, roleId, condition ?? undefined);
  if (condition !== null) for (const { permission } of rules) catalogue.requireCondition(condition, permission);
  requireGrant(setting, rules, scope);
}

/** 409 `LAST_OWNER` where the scope would have no active owner for good any more. */
async function requireOwnerLeft(tx: Tx<Tables>, { now }: AccessSetting, binding: Binding): Promise<void> {
  const { id, roleId: role, principalType, scopeType, scopeId, expiresAt, condition } = binding;
  const isOwner = scopeType === 'tenant' ? role === ownerRoleOf(tx.tenantId) : role === 'organization-owner';
  const isForGood = expiresAt === null && condition === null && new Date(binding.startsAt) <= now;
  if (!isOwner || !isForGood || principalType !== 'user') return;
  const scope = { type: scopeType, id: scopeId };
  if (await hasOtherHolder(tx, { role, scope, except: { bindingId: id }, now })) return;
  throw new ConflictError('the last owner cannot be removed', { code: 'LAST_OWNER' });
}
