import type { Tx } from '@idp/database';
import type { AuthContext } from '../../context.ts';
import { listDueInvitations, lockInvitation } from '../../store/invitations/invitations.ts';
import type { Tables } from '../../store/tables.ts';
import { endInvitation } from './end-invitation.ts';

/** Closes the invitations of the transaction's tenant that nobody answered in time. */
export async function expireInvitations(tx: Tx<Tables>, ctx: Pick<AuthContext, 'clock'>): Promise<void> {
  for (const id of await listDueInvitations(tx, ctx.clock())) {
    const before = await lockInvitation(tx, id);
    if (before?.state === 'pending') await endInvitation(tx, ctx, { before, state: 'expired' });
  }
}
