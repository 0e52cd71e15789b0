import { defineQueue, defineSchedule } from '@idp/jobs';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';
import { expireBindings } from '../operations/access/expire-bindings.ts';

const address = { name: 'expire-bindings', payload: z.strictObject({}) };

/** Takes role bindings away whose time is over; every tenant once an hour. */
export function expireBindingJobs(ctx: AuthContext) {
  const queue = defineQueue<z.output<typeof address.payload>>({
    ...address,
    async handler({ tenantId }) {
      const door = ctx.database.tenant(tenantId);
      while (await door.write((tx) => expireBindings(tx, ctx), { global: true }));
    },
  });
  const schedule = defineSchedule({
    name: 'expire-bindings',
    cron: '19 * * * *',
    perTenant: true,
    missed: 'once',
    queue: address,
    payload: {},
  });
  return { queue, schedule };
}
