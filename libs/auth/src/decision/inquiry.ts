import type { ConditionValues, KnownValues } from '@idp/expressions';
import { teamsOf } from './held.ts';
import type { DecisionContext, DecisionPrincipal, DecisionRequest, PrincipalRecord, ScopeType } from './model.ts';
import { both, unknownScope, type Outcome } from './outcome.ts';
import { narrowest } from './scope-index.ts';
import type { World } from './world.ts';

/** One question to one world: what every statement about it needs to know. */
export interface Inquiry {
  readonly world: World;
  readonly request: DecisionRequest;
  readonly record: PrincipalRecord;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Teams of the principal, those that hold them included. */
  readonly teamIds: readonly string[];
  readonly values: ConditionValues;
  /** Whether the resource lies in the scope. */
  within(scopeType: ScopeType, scopeId: string): Outcome;
  /** Whether the condition holds; none always does. */
  holds(condition: string | undefined): Outcome;
}

export function inquire(world: World, request: DecisionRequest, record: PrincipalRecord, now: number): Inquiry {
  const { principal, permission, resource } = request;
  const scope = narrowest(resource?.scope);
  const chain =
    scope === undefined ? world.scopes.chain('tenant', world.tenantId) : world.scopes.chain(scope.type, scope.id);
  const teamIds = teamsOf(world.scopes, record);
  let values: ConditionValues | undefined;

  const valuesOnce = (): ConditionValues =>
    (values ??= {
      ...knownValues(principal, teamIds, request.context, now),
      resource: {
        id: resource?.id,
        ...(resource?.scope !== undefined && { scope: resource.scope }),
        ...(resource?.attributes !== undefined && { attributes: resource.attributes }),
      },
    });

  return {
    world,
    request,
    record,
    now,
    teamIds,
    get values() {
      return valuesOnce();
    },
    within(scopeType, scopeId) {
      if (scopeType === 'tenant') return true;
      return chain === undefined ? unknownScope : chain.includes(scopeId);
    },
    holds(text) {
      if (text === undefined) return true;
      const condition = world.conditions.get(text, permission);
      return 'evaluate' in condition ? condition.evaluate(valuesOnce()) : condition;
    },
  };
}

/** What conditions see before there is a resource. */
export function knownValues(
  { id, type, tenantId, acr }: DecisionPrincipal,
  teamIds: readonly string[],
  context: DecisionContext | undefined,
  now: number,
): KnownValues {
  return { principal: { id, type, tenantId, teamIds, acr }, context: { ...context, now: new Date(now) } };
}

/** Whether scope and conditions hold together; conditions are not asked where the scope already says no. */
export function holdsWithin(inquiry: Inquiry, within: Outcome, ...conditions: (string | undefined)[]): Outcome {
  let outcome = within;
  for (const condition of conditions) {
    if (outcome === false) return false;
    outcome = both(outcome, inquiry.holds(condition));
  }
  return outcome;
}
