import { defineQueue, defineSchedule } from '@idp/jobs';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';
import { expireInvitations } from '../operations/invitations/expire-invitations.ts';

const address = { name: 'expire-invitations', payload: z.strictObject({}) };

/** Closes invitations whose seven days are over; every tenant once an hour. */
export function expireInvitationJobs(ctx: AuthContext) {
  const queue = defineQueue<z.output<typeof address.payload>>({
    ...address,
    handler: ({ tenantId }) =>
      ctx.database.tenant(tenantId).write((tx) => expireInvitations(tx, ctx), { global: true }),
  });
  const schedule = defineSchedule({
    name: 'expire-invitations',
    cron: '7 * * * *',
    perTenant: true,
    missed: 'once',
    queue: address,
    payload: {},
  });
  return { queue, schedule };
}
