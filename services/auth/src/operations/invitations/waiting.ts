import type { Tx } from '@idp/database';
import { NotFoundError } from '@idp/errors';
import type { AuthContext } from '../../context.ts';
import { lockInvitation, type Invitation } from '../../store/invitations/invitations.ts';
import { findOneTimeToken, type OneTimeToken } from '../../store/one-time-tokens.ts';
import type { Tables } from '../../store/tables.ts';
import { lockTenant } from '../../store/tenants.ts';
import { hashOneTimeToken } from '../../tokens/one-time-token.ts';

/** An invitation that can be answered, with the tenant that sent it. */
export interface WaitingInvitation {
  invitation: Invitation;
  tenant: { slug: string; name: string };
}

/** What a link of an invitation is about, where one was sent with this text. */
export async function findLink(ctx: Pick<AuthContext, 'database'>, token: string): Promise<OneTimeToken | undefined> {
  const hash = hashOneTimeToken(token);
  return hash && ctx.database.global.read((tx) => findOneTimeToken(tx, 'invitation', hash));
}

/** The invitation behind a link while it can be answered, locked; 404. */
export async function lockWaitingLink(
  tx: Tx<Tables>,
  ctx: Pick<AuthContext, 'clock'>,
  link: OneTimeToken,
): Promise<WaitingInvitation> {
  // Who owns the tenant and who is in it change one after the other: always the tenant first.
  const tenant = await lockTenant(tx, link.tenantId);
  const invitation = await lockInvitation(tx, link.subjectId);
  // Read again under the lock: a newer mail has another link.
  const current = await findOneTimeToken(tx, 'invitation', link.hash);
  const open = invitation?.state === 'pending' && Date.parse(invitation.expiresAt) > ctx.clock().getTime();
  if (tenant?.status !== 'active' || !open || current === undefined) throw notWaiting();
  return { invitation, tenant };
}

/** One answer for a link that is unknown, used, taken back, too old or somebody else's. */
export function notWaiting(): NotFoundError {
  return new NotFoundError('no invitation waits here');
}
