import { timestampFromDate } from '@idp/contracts';
import type { OverlayBinding } from '@idp/auth';
import type { Binding } from '../../store/access/bindings.ts';

/** What `RoleGranted` says of a binding. */
export function grantedData(binding: Binding) {
  const { startsAt, expiresAt, condition, reason, grantedBy, grantedVia } = binding;
  return {
    ...heldData(binding),
    startsAt: timestampFromDate(new Date(startsAt)),
    ...(expiresAt !== null && { expiresAt: timestampFromDate(new Date(expiresAt)) }),
    condition: condition ?? '',
    grantedVia,
    grantedBy,
    reason: reason ?? '',
  };
}

/** Who held what, where. */
export function heldData({ id, principalType, principalId, roleId, scopeType, scopeId }: Binding) {
  return { bindingId: id, principalType, principalId, roleId, scopeType, scopeId };
}

/** A binding as audit rows show it. */
export function bindingState(binding: Binding) {
  const { principalType, principalId, roleId, scopeType, scopeId, startsAt, expiresAt, condition, reason } = binding;
  return { principalType, principalId, roleId, scopeType, scopeId, startsAt, expiresAt, condition, reason };
}

/** A binding as the snapshot has it. */
export function bindingRecord(binding: Binding): OverlayBinding {
  const { id, principalType, principalId, roleId, scopeType, scopeId, startsAt, expiresAt, condition } = binding;
  return {
    id,
    principalType,
    principalId,
    roleId,
    scopeType,
    scopeId,
    startsAt: Date.parse(startsAt),
    ...(expiresAt !== null && { expiresAt: Date.parse(expiresAt) }),
    ...(condition !== null && { condition }),
  };
}
