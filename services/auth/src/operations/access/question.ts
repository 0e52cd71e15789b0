import {
  askerOf,
  type DecisionContext,
  type DecisionPrincipal,
  type DecisionRequest,
  type Principal,
  type World,
} from '@idp/auth';
import type { Tx } from '@idp/database';
import { freshWorld } from '../../access/world.ts';
import type { AuthContext } from '../../context.ts';
import type { PermissionCatalogue } from '../../domain/access/permission-catalogue.ts';
import { unknownPermission } from '../../domain/access/role-rules.ts';
import type { Tables } from '../../store/tables.ts';

/** Somebody whom a question is about, other than who asks. */
export interface AskedAbout {
  type: 'user' | 'service-account';
  id: string;
  acr?: string | undefined;
}

/** A question about one permission. */
export interface Question {
  permission: string;
  resource?: DecisionRequest['resource'] | undefined;
  context?: DecisionContext | undefined;
  principal?: AskedAbout | undefined;
}

/** What questions are answered by. */
export interface Asked {
  world: World;
  catalogue: PermissionCatalogue;
}

/** The tenant of the transaction and all permissions, as the database has them. 503 `AUTHZ_STALE` while nobody has compiled it. */
export async function readAsked(tx: Tx<Tables>, ctx: Pick<AuthContext, 'access' | 'catalogues'>): Promise<Asked> {
  const [world, catalogue] = await Promise.all([freshWorld(tx, ctx), ctx.catalogues.current(tx)]);
  return { world, catalogue };
}

/** Whether the question is about somebody else than who asks. */
export function isAboutAnother(principal: Principal, asked: AskedAbout | undefined): boolean {
  if (asked === undefined) return false;
  const type = principal.type === 'user' ? 'user' : 'service-account';
  return asked.id !== principal.id || asked.type !== type;
}

/** 403 unless the caller may ask about others, where one of the questions is about somebody else. */
export async function requireAsking(
  { decisions }: Pick<AuthContext, 'decisions'>,
  principal: Principal,
  asked: readonly (AskedAbout | undefined)[],
): Promise<void> {
  if (!asked.some((about) => isAboutAnother(principal, about))) return;
  await decisions.requirePermission(principal, 'auth:decision:check');
}

/** What the evaluator is asked: about the caller with its own credential, or about somebody with none in particular. */
export function requestOf(
  principal: Principal,
  { permission, resource, context, principal: asked }: Question,
  call: DecisionContext,
): DecisionRequest {
  const isCaller = asked === undefined || !isAboutAnother(principal, asked);
  return {
    principal: isCaller ? askerOf(principal) : otherPrincipal(principal.tenantId, asked),
    permission,
    ...(resource !== undefined && { resource }),
    context: { ...(isCaller && call), ...context },
  };
}

function otherPrincipal(tenantId: string, { type, id, acr }: AskedAbout): DecisionPrincipal {
  return { type: type === 'user' ? 'user' : 'service', id, tenantId, ...(acr !== undefined && { acr }) };
}

/** 422 `UNKNOWN_PERMISSION` for one that no service declares. */
export function requireDeclared({ names }: PermissionCatalogue, permissions: readonly string[]): void {
  const permission = permissions.find((asked) => !names.includes(asked));
  if (permission !== undefined) throw unknownPermission(permission);
}
