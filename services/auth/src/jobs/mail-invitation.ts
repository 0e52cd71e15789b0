import { defineQueue } from '@idp/jobs';
import type { z } from 'zod';
import type { AuthContext } from '../context.ts';
import { mailInvitation } from '../operations/invitations/mail-invitation.ts';
import { invitationMailQueue } from '../operations/invitations/queue.ts';

/** Sends invitations; a mail server that is away is asked for a day, with a fresh link each time. */
export function mailInvitationJobs(ctx: AuthContext) {
  return defineQueue<z.output<typeof invitationMailQueue.payload>>({
    ...invitationMailQueue,
    // 1 s, 2 s, … 1 h, and then every hour: a day.
    attemptsMax: 36,
    backoff: { firstMs: 1_000, maxMs: 3_600_000 },
    handler: ({ tenantId, payload }) => mailInvitation(ctx, { tenantId, ...payload }),
  });
}
