import type { TraceStep } from '@idp/expressions';
import { decide, reasonOf, type Decision } from '../decide.ts';
import { subjectType } from '../held.ts';
import { inquire, valuesOf, type Inquiry } from '../inquiry.ts';
import type { StatementSource } from '../judge.ts';
import type { BindingRecord, DecisionRequest, Effect, PolicyRecord, ScopeType } from '../model.ts';
import { counts, type DecisionFault, type Outcome } from '../outcome.ts';
import type { World } from '../world.ts';

/** A condition of a statement, what came of it, and its parts with their values. */
export interface ExplainedCondition {
  of: 'binding' | 'rule' | 'policy';
  text: string;
  outcome: boolean | DecisionFault;
  trace?: TraceStep;
}

/** A statement about the permission whose scope holds the resource. */
export interface ExplainedStatement {
  effect: Effect;
  /** Whether it had a part in the decision: an allow that is true, a deny that is not false. */
  counted: boolean;
  outcome: Outcome;
  /** The permission or pattern that names the permission; of a policy, all its patterns. */
  permissions: readonly string[];
  scopeType: ScopeType;
  scopeId: string;
  conditions: ExplainedCondition[];
  /** The binding, whose it is, and the roles from the bound one to the one with the rule. */
  binding?: {
    id: string;
    heldBy: { type: 'user' | 'service-account' | 'team'; id: string };
    rolePath: readonly string[];
    startsAt: number;
    expiresAt?: number;
  };
  policy?: { id: string; name: string };
}

export interface Explanation extends Decision {
  statements: ExplainedStatement[];
}

/**
 * The decision with every statement that was looked at. `redact` hides values of the resource, the principal and the call
 * in traces. For what would be, give a world made by `overlayWorld`.
 */
export function explain(
  world: World,
  request: DecisionRequest,
  now: number,
  { redact = false }: { redact?: boolean } = {},
): Explanation {
  const statements: ExplainedStatement[] = [];
  const record = world.people.subject(subjectType(request.principal), request.principal.id);
  // Nobody's record means that no statement is ever looked at.
  const inquiry = record === undefined ? undefined : inquire(world, request, record, now);
  reasonOf(world, request, now, (source, effect, outcome) => {
    if (inquiry !== undefined) statements.push(explained(inquiry, source, effect, outcome, redact));
  });
  return { ...decide(world, request, now), statements };
}

function explained(
  inquiry: Inquiry,
  source: StatementSource,
  effect: Effect,
  outcome: Outcome,
  redact: boolean,
): ExplainedStatement {
  const conditionsOf = (of: ExplainedCondition['of'], text: string | undefined): ExplainedCondition[] =>
    text === undefined ? [] : [explainedCondition(inquiry, of, text, redact)];
  const common = { effect, outcome, counted: counts(effect, outcome) };
  if ('policy' in source)
    return { ...common, ...ofPolicy(source.policy, conditionsOf('policy', source.policy.condition)) };
  const { binding, teamId, role } = source;
  return {
    ...common,
    permissions: [role.rule.permission],
    scopeType: binding.scopeType,
    scopeId: binding.scopeId,
    conditions: [...conditionsOf('binding', binding.condition), ...conditionsOf('rule', role.rule.condition)],
    binding: {
      ...timesOf(binding),
      id: binding.id,
      heldBy: holderOf(inquiry, teamId),
      rolePath: role.path,
    },
  };
}

function ofPolicy({ id, name, permissions, scopeType, scopeId }: PolicyRecord, conditions: ExplainedCondition[]) {
  return { permissions, scopeType, scopeId, conditions, policy: { id, name } };
}

export function timesOf({ startsAt, expiresAt }: BindingRecord): { startsAt: number; expiresAt?: number } {
  return { startsAt, ...(expiresAt !== undefined && { expiresAt }) };
}

function holderOf({ request: { principal } }: Inquiry, teamId: string | undefined) {
  if (teamId !== undefined) return { type: 'team' as const, id: teamId };
  return { type: subjectType(principal), id: principal.id };
}

function explainedCondition(
  inquiry: Inquiry,
  of: ExplainedCondition['of'],
  text: string,
  redact: boolean,
): ExplainedCondition {
  const condition = inquiry.world.conditions.get(text, inquiry.request.permission);
  const values = valuesOf(inquiry);
  if (!('evaluate' in condition)) return { of, text, outcome: condition };
  return { of, text, outcome: condition.evaluate(values), trace: condition.trace(values, { redact }) };
}
