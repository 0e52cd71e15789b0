import {
  askerOf,
  decide,
  scopesOf,
  type AccessResource,
  type DecisionContext,
  type DecisionRequest,
  type Principal,
  type World,
} from '@idp/auth';
import type { AuthContext } from '../../context.ts';
import type { DeclaredPermission } from '../../domain/access/permission-catalogue.ts';
import { ownerCondition, teamsOfGrants, type Conditional } from './backstage-conditions.ts';
import type { Asked } from './question.ts';

/** What Backstage asks: about one resource, several of one type, or, without a ref, about all of them. */
interface BackstageQuestion {
  permission: { type: 'basic' } | { type: 'resource'; resourceType: string };
  name: string;
  refs?: string | readonly string[] | undefined;
}

type Definitive = 'ALLOW' | 'DENY';
export type BackstageAnswer = { result: Definitive } | { result: Definitive[] } | Conditional;

const deny = { result: 'DENY' } as const;
const definitive = (allowed: boolean): Definitive => (allowed ? 'ALLOW' : 'DENY');

interface Call {
  principal: Principal;
  context: DecisionContext;
  signal: AbortSignal;
}

/**
 * Decides as Backstage's permission backend would (auth §2B.3), each question of one world. A permission that no service
 * maps is denied. The owning service says what refs name; 503 where it does not answer and the answer depends on it.
 */
export async function authorizeBackstage(
  ctx: Pick<AuthContext, 'clock' | 'resourcesOf'>,
  { world, catalogue }: Asked,
  questions: readonly BackstageQuestion[],
  call: Call,
): Promise<BackstageAnswer[]> {
  const now = ctx.clock().getTime();
  const ask = questions.map((question) => ({ question, entry: mappedOf(catalogue.backstage, question) }));
  const looked = createLookUp(ctx, call);
  return Promise.all(
    ask.map(async ({ question: { permission, refs }, entry }) => {
      if (entry === undefined) return deny;
      const allows = (resource?: AccessResource): boolean =>
        decide(world, requestOf(call, entry.name, resource), now).allowed;
      if (permission.type === 'basic') return { result: definitive(allows()) };
      const reach = reachOf(world, call.principal, entry.name, now);
      if (refs === undefined) return conditional(ctx, { world, entry, reach }, call);
      const list = typeof refs === 'string' ? [refs] : refs;
      const found = typeof reach === 'string' ? undefined : await looked(entry, list);
      const results = list.map((ref) =>
        found === undefined ? definitive(reach === 'all') : definitive(allows(found(ref) ?? { type: entry.resource })),
      );
      return typeof refs === 'string' ? { result: results[0]! } : { result: results };
    }),
  );
}

/** Backstage's permission as one of ours; both must speak of the same type of resource. */
function mappedOf(
  known: ReadonlyMap<string, DeclaredPermission>,
  { name, permission }: BackstageQuestion,
): DeclaredPermission | undefined {
  const entry = known.get(name);
  const asked = permission.type === 'resource' ? permission.resourceType : undefined;
  return entry?.backstage?.resourceType === asked ? entry : undefined;
}

function requestOf({ principal, context }: Call, permission: string, resource?: AccessResource): DecisionRequest {
  return { principal: askerOf(principal), permission, context, ...(resource !== undefined && { resource }) };
}

type Reach = 'all' | 'none' | ReturnType<typeof scopesOf>;

/** Whether the answer is the same for everything there is; what is conditional or lies in a part has to be looked at. */
function reachOf(world: World, principal: Principal, permission: string, now: number): Reach {
  const reach = scopesOf(world, askerOf(principal), permission, now);
  if (reach.allowed.length === 0) return 'none';
  const isFree = reach.allowed.some(({ scopeType, conditions }) => scopeType === 'tenant' && conditions.length === 0);
  return isFree && reach.except.length === 0 ? 'all' : reach;
}

async function conditional(
  ctx: Pick<AuthContext, 'resourcesOf'>,
  { world, entry, reach }: { world: World; entry: DeclaredPermission; reach: Reach },
  { principal: { tenantId }, signal }: Call,
): Promise<BackstageAnswer> {
  if (typeof reach === 'string') return { result: definitive(reach === 'all') };
  const teamIds = teamsOfGrants(world, reach);
  if (teamIds === undefined) return deny;
  const owners = await ctx.resourcesOf(entry.service).owners({ tenantId, type: entry.resource, teamIds, signal });
  return ownerCondition(entry, owners) ?? deny;
}

type Found = (ref: string) => AccessResource | undefined;

/** Asks for the refs of all questions about one type at once. */
function createLookUp({ resourcesOf }: Pick<AuthContext, 'resourcesOf'>, { principal: { tenantId }, signal }: Call) {
  const waiting = new Map<string, { refs: Set<string>; found: Promise<ReadonlyMap<string, AccessResource>> }>();

  async function describe(service: string, type: string, refs: Set<string>) {
    // Every question has added its refs by then.
    await Promise.resolve();
    const source = resourcesOf(service);
    const found = new Map<string, AccessResource>();
    const all = [...refs];
    for (let at = 0; at < all.length; at += refsAtOnce) {
      const some = all.slice(at, at + refsAtOnce);
      const resources = await source.describe({ tenantId, type, refs: some, signal });
      some.forEach((ref, index) => {
        const resource = resources[index];
        if (resource !== undefined) found.set(ref, resource);
      });
    }
    return found;
  }

  return async ({ service, resource: type }: DeclaredPermission, refs: readonly string[]): Promise<Found> => {
    const key = `${service} ${type}`;
    let batch = waiting.get(key);
    if (batch === undefined) {
      const all = new Set<string>();
      waiting.set(key, (batch = { refs: all, found: describe(service, type, all) }));
    }
    refs.forEach((ref) => batch.refs.add(ref));
    const found = await batch.found;
    return (ref) => found.get(ref);
  };
}

const refsAtOnce = 1000;
