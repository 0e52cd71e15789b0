import type { ConditionValues, KnownValues } from '@idp/expressions';
import { teamsOf } from './held.ts';
import type { DecisionContext, DecisionPrincipal, DecisionRequest, PrincipalRecord, ScopeType } from './model.ts';
import { both, unknownScope, type Outcome } from './outcome.ts';
import { narrowest } from './scope-index.ts';
import type { World } from './world.ts';

/** One question to one world. What most questions never come to need is worked out when it is first needed. */
export interface Inquiry {
  readonly world: World;
  readonly request: DecisionRequest;
  readonly record: PrincipalRecord;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Teams of the principal, those that hold them included. */
  readonly teamIds: readonly string[];
  /** Ids of the scopes that hold the resource; null where the snapshot does not know them all. */
  chain: readonly string[] | null | undefined;
  values: ConditionValues | undefined;
}

export function inquire(world: World, request: DecisionRequest, record: PrincipalRecord, now: number): Inquiry {
  const teamIds = teamsOf(world.scopes, record);
  return { world, request, record, now, teamIds, chain: undefined, values: undefined };
}

/** Whether the resource lies in the scope. */
export function within(inquiry: Inquiry, scopeType: ScopeType, scopeId: string): Outcome {
  if (scopeType === 'tenant') return true;
  inquiry.chain ??= chainOf(inquiry);
  return inquiry.chain === null ? unknownScope : inquiry.chain.includes(scopeId);
}

function chainOf({ world, request }: Inquiry): readonly string[] | null {
  const { type, id } = narrowest(request.resource?.scope) ?? { type: 'tenant', id: world.tenantId };
  return world.scopes.chain(type, id) ?? null;
}

/** What conditions see. */
export function valuesOf(inquiry: Inquiry): ConditionValues {
  return (inquiry.values ??= makeValues(inquiry));
}

const nothing = Object.freeze({});

function makeValues({ request, teamIds, now }: Inquiry): ConditionValues {
  const { principal, resource, context } = request;
  const known = knownValues(principal, teamIds, context, now);
  return {
    principal: known.principal,
    context: known.context,
    resource: { id: resource?.id, scope: resource?.scope ?? nothing, attributes: resource?.attributes ?? nothing },
  };
}

/** What conditions see before there is a resource. */
export function knownValues(
  { id, type, tenantId, acr }: DecisionPrincipal,
  teamIds: readonly string[],
  context: DecisionContext | undefined,
  now: number,
): KnownValues {
  const { ip, authAgeSeconds, credential }: DecisionContext = context ?? nothing;
  return {
    principal: { id, type, tenantId, teamIds, acr },
    context: { now: new Date(now), ip, authAgeSeconds, credential },
  };
}

/** Whether the condition holds; none always does. */
function holds(inquiry: Inquiry, text: string | undefined): Outcome {
  if (text === undefined) return true;
  const condition = inquiry.world.conditions.get(text, inquiry.request.permission);
  return 'evaluate' in condition ? condition.evaluate(valuesOf(inquiry)) : condition;
}

/** Whether the scope and the conditions hold together; a condition is not asked where the answer is no already. */
export function holdsWithin(inquiry: Inquiry, inScope: Outcome, first?: string, second?: string): Outcome {
  if (inScope === false) return false;
  const outcome = both(inScope, holds(inquiry, first));
  return outcome === false || second === undefined ? outcome : both(outcome, holds(inquiry, second));
}
