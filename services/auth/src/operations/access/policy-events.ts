import type { PolicyRecord } from '@idp/auth';
import type { Policy } from '../../store/access/policies.ts';

/** Members every event about a policy has. */
export function policyData(policy: Policy) {
  const { id, name, description, effect, permissions, subjects, scopeType, scopeId, condition, enabled } = policy;
  return {
    policyId: id,
    name,
    description,
    effect,
    permissions,
    subjects:
      subjects === 'all'
        ? { all: true }
        : { roleIds: [...(subjects.roleIds ?? [])], teamIds: [...(subjects.teamIds ?? [])] },
    scopeType,
    scopeId,
    condition: condition ?? '',
    enabled,
  };
}

/** A policy as audit rows show it. */
export function policyState(policy: Policy) {
  const { name, description, effect, permissions, subjects, scopeType, scopeId, condition, enabled } = policy;
  return { name, description, effect, permissions, subjects, scopeType, scopeId, condition, enabled };
}

/** A policy as the snapshot has it. */
export function policyRecord(policy: Omit<PolicyRecord, 'condition'> & { condition: string | null }): PolicyRecord {
  const { id, name, effect, permissions, subjects, scopeType, scopeId, condition } = policy;
  return { id, name, effect, permissions, subjects, scopeType, scopeId, ...(condition !== null && { condition }) };
}
