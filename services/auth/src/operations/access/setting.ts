import {
  askerOf,
  missingForGrant,
  type DecisionPrincipal,
  type GrantedRule,
  type Principal,
  type ScopeRef,
  type World,
} from '@idp/auth';
import type { Tx } from '@idp/database';
import { PermissionError, UnprocessableError } from '@idp/errors';
import { freshWorld } from '../../access/world.ts';
import type { AuthContext } from '../../context.ts';
import type { PermissionCatalogue } from '../../domain/access/permission-catalogue.ts';
import type { Tables } from '../../store/tables.ts';
import { lockTenant } from '../../store/tenants.ts';

/** What a change of who may do what is judged by, while nobody else changes it in the tenant. */
export interface AccessSetting {
  /** Before the change. */
  world: World;
  catalogue: PermissionCatalogue;
  granter: DecisionPrincipal;
  now: Date;
}

export type AccessCtx = Pick<AuthContext, 'access' | 'catalogues' | 'clock'> & Parameters<typeof freshWorld>[1];

/** A change by somebody. */
export interface ByPrincipal {
  principal: Principal;
}

/** A change of something that exists. */
export interface Target extends ByPrincipal {
  id: string;
  /** Called with the version before the change; throws to refuse (If-Match). */
  precondition(version: number): void;
}

export async function lockAccess(tx: Tx<Tables>, ctx: AccessCtx, principal: Principal): Promise<AccessSetting> {
  await lockTenant(tx, tx.tenantId);
  const [world, catalogue] = await Promise.all([freshWorld(tx, ctx), ctx.catalogues.current(tx)]);
  return { world, catalogue, granter: askerOf(principal), now: ctx.clock() };
}

/** 403 `SCOPE_ESCALATION`, naming the permission, for what the caller does not hold in all of the scope (auth §3.10). */
export function requireGrant(
  { world, catalogue, granter, now }: AccessSetting,
  rules: readonly GrantedRule[],
  scope: ScopeRef,
): void {
  const permission = missingForGrant(world, granter, {
    rules,
    scope,
    permissions: catalogue.names,
    now: now.getTime(),
  });
  if (permission === undefined) return;
  throw new PermissionError('nobody gives or takes what they do not hold', {
    code: 'SCOPE_ESCALATION',
    details: { permission },
  });
}

/** The scope of this type and id; 422 unless the tenant has it. Without an id it is the tenant itself. */
export function requireScope(
  { world }: Pick<AccessSetting, 'world'>,
  { scopeType, scopeId }: Pick<ScopeRef, 'scopeType'> & { scopeId?: string | undefined },
): ScopeRef {
  const id = scopeId ?? (scopeType === 'tenant' ? world.tenantId : undefined);
  if (id === undefined || world.scopes.chain(scopeType, id) === undefined) throw missingReference('scopeId');
  return { scopeType, scopeId: id };
}

/** 422 unless the role exists and means something in this tenant. */
export function requireRole({ world }: Pick<AccessSetting, 'world'>, roleId: string, field = 'roleId'): void {
  if (world.roles.record(roleId) === undefined) throw missingReference(field);
}

export function missingReference(field: string): UnprocessableError {
  return new UnprocessableError('a referenced resource does not exist', {
    code: 'REFERENCE_INVALID',
    details: { field },
  });
}
