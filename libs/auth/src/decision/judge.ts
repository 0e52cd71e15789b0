import { isActive, someBinding } from './held.ts';
import { holdsWithin, within, type Inquiry } from './inquiry.ts';
import type { BindingRecord, Effect, PolicyRecord } from './model.ts';
import { both, counts, either, type Outcome } from './outcome.ts';
import type { RoleStatement } from './roles/role-index.ts';

/** Where a statement comes from. */
export type StatementSource =
  { binding: BindingRecord; teamId: string | undefined; role: RoleStatement } | { policy: PolicyRecord };

/** Is told of every statement that was looked at. */
export type Observer = (source: StatementSource, effect: Effect, outcome: Outcome) => void;

export interface Verdict {
  allowed: boolean;
  denied: boolean;
}

/**
 * Goes through the statements about the permission: any deny denies, else any allow allows. Without an observer it stops
 * at the first deny and asks no condition that can change nothing.
 */
export function judge(inquiry: Inquiry, observe?: Observer): Verdict {
  const { world, request, now } = inquiry;
  const verdict: Verdict = { allowed: false, denied: false };

  function note(source: StatementSource, effect: Effect, outcome: Outcome): boolean {
    observe?.(source, effect, outcome);
    if (counts(effect, outcome)) verdict[effect === 'allow' ? 'allowed' : 'denied'] = true;
    return verdict.denied && observe === undefined;
  }
  const changesNothing = (effect: Effect): boolean => observe === undefined && effect === 'allow' && verdict.allowed;

  const said = world.roles.about(request.permission);
  const ended = someBinding(world, inquiry.record, inquiry.teamIds, (binding, teamId) => {
    // Most bindings say nothing of the permission: what lies in many places of the memory is looked at last.
    const statements = said.get(binding.roleId);
    if (statements === undefined || !isActive(binding, now)) return false;
    const inScope = within(inquiry, binding.scopeType, binding.scopeId);
    if (inScope === false) return false;
    for (const role of statements) {
      const { effect, condition } = role.rule;
      if (changesNothing(effect)) continue;
      const outcome = holdsWithin(inquiry, inScope, binding.condition, condition);
      if (note({ binding, teamId, role }, effect, outcome)) return true;
    }
    return false;
  });
  if (ended) return verdict;

  for (const policy of world.policies.about(request.permission)) {
    if (changesNothing(policy.effect)) continue;
    const concerned = both(within(inquiry, policy.scopeType, policy.scopeId), concerns(inquiry, policy));
    if (concerned === false) continue;
    if (note({ policy }, policy.effect, holdsWithin(inquiry, concerned, policy.condition))) return verdict;
  }
  return verdict;
}

/** Whether the principal is one of the policy's subjects; a role counts where a binding to it does. */
function concerns(inquiry: Inquiry, { subjects }: PolicyRecord): Outcome {
  if (subjects === 'all') return true;
  if (subjects.teamIds?.some((teamId) => inquiry.teamIds.includes(teamId)) === true) return true;
  const { roleIds = [] } = subjects;
  if (roleIds.length === 0) return false;
  const { world } = inquiry;
  let outcome: Outcome = false;
  someBinding(world, inquiry.record, inquiry.teamIds, (binding) => {
    if (!isActive(binding, inquiry.now)) return false;
    if (!roleIds.some((wanted) => world.roles.includes(binding.roleId, wanted))) return false;
    const inScope = within(inquiry, binding.scopeType, binding.scopeId);
    outcome = either(outcome, holdsWithin(inquiry, inScope, binding.condition));
    return outcome === true;
  });
  return outcome;
}
