import { timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { publish } from '@idp/events';
import type { AuthContext } from '../../context.ts';
import { saveInvitation, type Invitation, type InvitationState } from '../../store/invitations/invitations.ts';
import { deleteOneTimeToken } from '../../store/one-time-tokens.ts';
import { updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { currentActor } from '../acting.ts';
import { invitationData, invitationState } from './invitation-events.ts';
import { lockWaiting } from './invite.ts';

type Ctx = Pick<AuthContext, 'clock'>;

/** Takes an invitation back; its link is dead. 404, 409 `INVALID_STATE`. */
export async function cancelInvitation(
  tx: Tx<Tables>,
  ctx: Ctx,
  target: { organizationId: string; invitationId: string },
): Promise<void> {
  await endInvitation(tx, ctx, { before: await lockWaiting(tx, target), state: 'canceled' });
}

/** Closes an invitation that the caller has locked, with its link, event and audit row. */
export async function endInvitation(
  tx: Tx<Tables>,
  ctx: Ctx,
  { before, state, userId = '' }: { before: Invitation; state: Exclude<InvitationState, 'pending'>; userId?: string },
): Promise<void> {
  const now = ctx.clock();
  const after = await saveInvitation(tx, before.id, { state, ...updatedStamps(currentActor(), now) });
  await deleteOneTimeToken(tx, 'invitation', before.id);
  const at = timestampFromDate(now);
  const data = invitationData(after);
  const about = { aggregateId: after.id, version: after.version };
  switch (state) {
    case 'accepted':
      publish(tx, { type: 'idp.auth.v1.InvitationAccepted', ...about, data: { ...data, userId, acceptedAt: at } });
      break;
    case 'declined':
      publish(tx, { type: 'idp.auth.v1.InvitationDeclined', ...about, data: { ...data, declinedAt: at } });
      break;
    case 'canceled':
      publish(tx, { type: 'idp.auth.v1.InvitationCanceled', ...about, data: { ...data, canceledAt: at } });
      break;
    case 'expired':
      publish(tx, { type: 'idp.auth.v1.InvitationExpired', ...about, data: { ...data, expiredAt: at } });
  }
  tx.audit({
    action: `auth:invitation:${verbs[state]}`,
    resourceType: 'invitation',
    resourceId: after.id,
    before: invitationState(before),
    after: invitationState(after),
  });
}

const verbs = { accepted: 'accept', declined: 'decline', canceled: 'cancel', expired: 'expire' } as const;
