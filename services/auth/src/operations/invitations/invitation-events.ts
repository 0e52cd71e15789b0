import type { Invitation } from '../../store/invitations/invitations.ts';

/** Members every event about an invitation has. */
export function invitationData({ id, organizationId, email, role }: Invitation) {
  return { invitationId: id, organizationId, email, role };
}

/** An invitation as audit rows show it. */
export function invitationState({ organizationId, email, role, teamIds, state }: Invitation) {
  return { organizationId, email, role, teamIds, state };
}
