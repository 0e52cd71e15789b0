import type { AccessResource, ScopeRef } from '@idp/auth';
import { NotFoundError } from '@idp/errors';
import { principalOf } from '@idp/service';
import type { FastifyRequest } from 'fastify';
import type { AuthContext } from '../context.ts';
import { columnsOfParts, columnsOfScopes, conditionOf } from '../store/organizations/visible-parts.ts';

/** What tenants are divided into. */
export type PartType = 'organization' | 'team' | 'project';

type Ctx = Pick<AuthContext, 'decisions'>;

const scopeOf = { organization: 'organizationId', team: 'teamId', project: 'projectId' } as const;

function resourceOf(type: PartType, id: string): AccessResource {
  return { type, id, scope: { [scopeOf[type]]: id } };
}

/** What a caller may do with parts of one type, learnt before a transaction begins: inside nothing is waited for. */
export interface PartRights {
  /** 404 for a part the caller may not see, else 403 where it may not do this with it. */
  require(id: string): void;
  /** 403 where the caller may not do this in another part, or, without one, in the tenant as a whole. */
  requireIn(part?: { type: PartType; id: string }): void;
}

export async function partRights(
  ctx: Ctx,
  request: FastifyRequest,
  { type, permission }: { type: PartType; permission: string },
): Promise<PartRights> {
  const [sees, rights] = await Promise.all([
    seenParts(ctx, request, type),
    ctx.decisions.rights(principalOf(request), permission),
  ]);
  return {
    require(id) {
      if (!sees(id)) throw new NotFoundError(`the ${type} does not exist`);
      rights.require(resourceOf(type, id));
    },
    requireIn(part) {
      rights.require(part && resourceOf(part.type, part.id));
    },
  };
}

/** Where something new comes to lie: in its team, else in its organization, else in the tenant. */
export function placeOf({
  team,
  organization,
}: {
  team: string | undefined;
  organization: string | undefined;
}): { type: PartType; id: string } | undefined {
  if (team !== undefined) return { type: 'team', id: team };
  return organization === undefined ? undefined : { type: 'organization', id: organization };
}

/** Whether the caller sees a part, by its id. */
export async function seenParts(ctx: Ctx, request: FastifyRequest, type: PartType): Promise<(id: string) => boolean> {
  const rights = await ctx.decisions.rights(principalOf(request), `auth:${type}:read`);
  return (id) => rights.allows(resourceOf(type, id));
}

/** Condition on the parts of a list that the caller sees; the list names its key `id`. */
export async function visibleParts(
  ctx: Ctx,
  request: FastifyRequest,
  type: PartType,
): Promise<ReturnType<typeof conditionOf>> {
  const columns = columnsOfParts(scopeOf[type]);
  return conditionOf(await ctx.decisions.visibility(principalOf(request), `auth:${type}:read`, columns));
}

/** What a caller may do with role bindings, by where they count. */
export interface BindingRights {
  sees(scope: ScopeRef): boolean;
  /** 403 where the caller may not do this there. */
  require(scope: ScopeRef): void;
}

/** Learnt before a transaction begins. */
export async function bindingRights(ctx: Ctx, request: FastifyRequest, permission: string): Promise<BindingRights> {
  const type = 'role-binding';
  const principal = principalOf(request);
  const [reads, acts] = await Promise.all([
    ctx.decisions.rights(principal, 'auth:binding:read'),
    ctx.decisions.rights(principal, permission),
  ]);
  const at = ({ scopeType, scopeId }: ScopeRef): AccessResource =>
    scopeType === 'tenant' ? { type } : { type, scope: { [scopeOf[scopeType]]: scopeId } };
  return { sees: (scope) => reads.allows(at(scope)), require: (scope) => acts.require(at(scope)) };
}

/** Condition on the role bindings of a list that the caller sees. */
export async function visibleBindings(ctx: Ctx, request: FastifyRequest): Promise<ReturnType<typeof conditionOf>> {
  return conditionOf(await ctx.decisions.visibility(principalOf(request), 'auth:binding:read', columnsOfScopes));
}
