import type { Principal } from '@idp/auth';
import { newId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { ConflictError, NotFoundError, ValidationError } from '@idp/errors';
import { publish } from '@idp/events';
import { enqueue } from '@idp/jobs';
import { listHeldRoles } from '../../access/held-roles.ts';
import type { AuthContext } from '../../context.ts';
import { parseEmailAddress, type EmailAddress } from '../../domain/email-address.ts';
import { invitationLifeMs, rolesOfInvited, type InvitedRole } from '../../domain/invitation.ts';
import { coversRole } from '../../domain/tenant-roles.ts';
import {
  insertInvitation,
  lockInvitation,
  saveInvitation,
  type Invitation,
} from '../../store/invitations/invitations.ts';
import { findMember, selectMembers } from '../../store/members/members.ts';
import { findDefaultOrganization, findOrganization } from '../../store/organizations/organizations.ts';
import { findTeams } from '../../store/organizations/teams.ts';
import { createdStamps, updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { requireTakenAddress } from './taken-address.ts';
import { requireCovered } from '../members/member-guards.ts';
import { referenceInvalid } from '../organizations/create-team.ts';
import { invitationData, invitationState } from './invitation-events.ts';
import { invitationMailQueue } from './queue.ts';

type Ctx = Pick<AuthContext, 'access' | 'clock'>;

export interface Inviting {
  principal: Principal;
  /** Default: the tenant's default organization. */
  organizationId?: string | undefined;
  email: string;
  role: InvitedRole;
  teamIds: readonly string[];
}

/**
 * Asks somebody to join an organization; a job sends the mail. 404 for the organization, 422 `REFERENCE_INVALID` for a team
 * outside of it, 403 `SCOPE_ESCALATION`, `SIGNUP_CLOSED` for an address the tenant does not take, 409 `CONFLICT` for a member of it and for an address that is asked already.
 */
export async function invite(tx: Tx<Tables>, ctx: Ctx, input: Inviting): Promise<Invitation> {
  const { principal, role, teamIds } = input;
  const address = parseEmailAddress(input.email);
  if (address === undefined) throw new ValidationError('the address is not valid');
  const { organizationId: wanted } = input;
  const inviting = await (wanted === undefined ? findDefaultOrganization(tx) : findOrganization(tx, wanted));
  if (inviting === undefined) throw new NotFoundError('the organization does not exist');
  const organizationId = inviting.id;
  const { tenant, organization } = rolesOfInvited(role);
  await requireTakenAddress(tx, address.norm);
  await requireCovered(tx, ctx, principal, [tenant, organization]);
  await requireTeams(tx, organizationId, teamIds);
  const present = await selectMembers(tx, { organizationId }).where('email_norm', '=', address.norm).executeTakeFirst();
  if (present !== undefined || (await wouldGainNothing(tx, ctx, { ...input, address, organizationId }))) {
    throw new ConflictError('the address belongs to a member of the organization');
  }
  const inviter = await findMember(tx, principal.id);
  return askToJoin(tx, ctx, {
    organizationId,
    address,
    role,
    teamIds: [...new Set(teamIds)],
    invitedBy: principal.actor,
    inviterName: inviter?.name,
  });
}

/** Everybody in the tenant counts as somebody of its default organization, with what the role in the tenant gives there. */
async function wouldGainNothing(
  tx: Tx<Tables>,
  ctx: Ctx,
  { address, organizationId, role, teamIds }: Inviting & { address: EmailAddress; organizationId: string },
): Promise<boolean> {
  if (teamIds.length > 0 || (await findDefaultOrganization(tx))?.id !== organizationId) return false;
  const member = await selectMembers(tx, {}).where('email_norm', '=', address.norm).executeTakeFirst();
  if (member === undefined) return false;
  const held = await listHeldRoles(tx, { type: 'user', id: member.userId, tenantId: tx.tenantId }, ctx.clock());
  const { tenant, organization } = rolesOfInvited(role);
  return coversRole(held, tenant) && coversRole(held, organization);
}

/** The invitation itself, whoever may ask for it. 409 `CONFLICT` for an address that is asked already. */
export async function askToJoin(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'clock'>,
  asked: {
    organizationId: string;
    address: EmailAddress;
    role: InvitedRole;
    teamIds: string[];
    invitedBy: string;
    inviterName?: string | undefined;
  },
): Promise<Invitation> {
  const { organizationId, address, role, teamIds, invitedBy, inviterName = 'The administration' } = asked;
  const now = ctx.clock();
  const made = await insertInvitation(tx, {
    id: newId(),
    organization_id: organizationId,
    email: address.email,
    email_norm: address.norm,
    role,
    team_ids: teamIds,
    invited_by: invitedBy,
    inviter_name: inviterName,
    expires_at: new Date(now.getTime() + invitationLifeMs).toISOString(),
    ...createdStamps(currentActor(), now),
  });
  if (made === undefined) throw new ConflictError('the address has been invited and has not answered yet');
  await sendOut(tx, made, now);
  tx.audit({
    action: 'auth:invitation:create',
    resourceType: 'invitation',
    resourceId: made.id,
    after: invitationState(made),
  });
  return made;
}

/** Sends the mail of a waiting invitation once more, for another seven days. 404, 409 `INVALID_STATE`. */
export async function resendInvitation(
  tx: Tx<Tables>,
  ctx: Ctx,
  { organizationId, invitationId }: { organizationId: string; invitationId: string },
): Promise<Invitation> {
  const before = await lockWaiting(tx, { organizationId, invitationId });
  const now = ctx.clock();
  const after = await saveInvitation(tx, before.id, {
    expires_at: new Date(now.getTime() + invitationLifeMs).toISOString(),
    ...updatedStamps(currentActor(), now),
  });
  await sendOut(tx, after, now);
  tx.audit({
    action: 'auth:invitation:resend',
    resourceType: 'invitation',
    resourceId: after.id,
    before: { expiresAt: before.expiresAt },
    after: { expiresAt: after.expiresAt },
  });
  return after;
}

/** The invitation of this organization that still waits, locked. 404, 409 `INVALID_STATE`. */
export async function lockWaiting(
  tx: Tx<Tables>,
  { organizationId, invitationId }: { organizationId: string; invitationId: string },
): Promise<Invitation> {
  const found = await lockInvitation(tx, invitationId);
  if (found?.organizationId !== organizationId) throw new NotFoundError('the invitation does not exist');
  requireWaiting(found);
  return found;
}

export function requireWaiting({ state }: Invitation): void {
  if (state !== 'pending') throw new ConflictError(`the invitation is ${state}`, { code: 'INVALID_STATE' });
}

async function sendOut(tx: Tx<Tables>, invitation: Invitation, now: Date): Promise<void> {
  const { id, version, invitedBy, expiresAt } = invitation;
  await enqueue(tx, invitationMailQueue, { invitationId: id }, { dedupKey: id });
  publish(tx, {
    type: 'idp.auth.v1.InvitationSent',
    aggregateId: id,
    version,
    data: {
      ...invitationData(invitation),
      invitedBy,
      expiresAt: timestampFromDate(new Date(expiresAt)),
      sentAt: timestampFromDate(now),
    },
  });
}

async function requireTeams(tx: Tx<Tables>, organizationId: string, teamIds: readonly string[]): Promise<void> {
  if (teamIds.length === 0) return;
  const found = new Map((await findTeams(tx, teamIds)).map((team) => [team.id, team]));
  if (teamIds.some((id) => found.get(id)?.organizationId !== organizationId)) throw referenceInvalid('teamIds');
}
