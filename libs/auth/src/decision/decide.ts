import { boundsCover } from './bounds.ts';
import { isPlatformService, subjectType } from './held.ts';
import { inquire } from './inquiry.ts';
import { judge, type Observer } from './judge.ts';
import type { DecisionPrincipal, DecisionRequest } from './model.ts';
import { anyCovers } from './roles/pattern.ts';
import type { World } from './world.ts';

export type DecisionReason =
  | 'allowed'
  /** The resource, or the principal, belongs to another tenant. */
  | 'foreign-tenant'
  /** Tenant, membership or service account is not active. */
  | 'suspended'
  /** No member and no service account of the tenant. */
  | 'unknown-principal'
  /** A statement denies. */
  | 'denied'
  /** No statement allows. */
  | 'not-granted'
  /** It may, its credential may not. */
  | 'outside-scope'
  /** It may, the service that acts for it may not. */
  | 'acting-service';

export interface Decision {
  allowed: boolean;
  reason: DecisionReason;
  /** Of the world that was asked. */
  version: number;
}

/**
 * May the principal, in this world, at this moment (milliseconds since the epoch)? In six steps: suspended or foreign;
 * bindings active now, its own and its teams'; those whose scope holds the resource, with parent roles and policies;
 * conditions; deny before allow; bounds of the credential and of the acting service.
 */
export function decide(world: World, request: DecisionRequest, now: number): Decision {
  const reason = reasonOf(world, request, now);
  return { allowed: reason === 'allowed', reason, version: world.version };
}

/** `decide` word for word; `observe` hears of every statement. */
export function reasonOf(world: World, request: DecisionRequest, now: number, observe?: Observer): DecisionReason {
  const { principal, permission, resource } = request;
  if (principal.tenantId !== world.tenantId) return 'foreign-tenant';
  if (resource?.tenantId !== undefined && resource.tenantId !== world.tenantId) return 'foreign-tenant';
  if (world.tenant.status !== 'active') return 'suspended';
  const granted = isPlatformService(principal)
    ? mayService(world, principal.id, permission)
    : reasonOfMember(world, request, now, observe);
  return granted === 'allowed' ? withinBounds(world, principal, permission) : granted;
}

/** Step 6: whether the credential, and the service that acts for the principal, leave an allow as it is. */
export function withinBounds(world: World, principal: DecisionPrincipal, permission: string): DecisionReason {
  if (!boundsCover(principal, permission)) return 'outside-scope';
  const { actingService } = principal;
  if (actingService === undefined || mayService(world, actingService, permission) === 'allowed') return 'allowed';
  return 'acting-service';
}

/** A service of the platform is no member: what its manifest declares is all that counts, in every tenant. */
function mayService(world: World, serviceId: string, permission: string): DecisionReason {
  const record = world.service(serviceId);
  if (record === undefined) return 'unknown-principal';
  return anyCovers(record.permissions, permission) ? 'allowed' : 'not-granted';
}

function reasonOfMember(world: World, request: DecisionRequest, now: number, observe?: Observer): DecisionReason {
  const record = world.people.subject(subjectType(request.principal), request.principal.id);
  if (record === undefined) return 'unknown-principal';
  if (record.status !== 'active') return 'suspended';
  const { allowed, denied } = judge(inquire(world, request, record, now), observe);
  if (denied) return 'denied';
  return allowed ? 'allowed' : 'not-granted';
}
