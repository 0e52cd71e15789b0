import { defineQueue, defineSchedule } from '@idp/jobs';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';
import { announceExpiringKeys } from '../operations/credentials/announce-expiring-keys.ts';

const address = { name: 'announce-expiring-keys', payload: z.strictObject({}) };

/** Tells of API keys that end soon or have ended; every tenant once an hour. */
export function announceExpiringKeyJobs(ctx: AuthContext) {
  const queue = defineQueue<z.output<typeof address.payload>>({
    ...address,
    handler: ({ tenantId }) =>
      ctx.database.tenant(tenantId).write((tx) => announceExpiringKeys(tx, ctx), {
        unaudited: 'tells of an end that was set, and audited, when the key was made',
      }),
  });
  const schedule = defineSchedule({
    name: 'announce-expiring-keys',
    cron: '13 * * * *',
    perTenant: true,
    missed: 'once',
    queue: address,
    payload: {},
  });
  return { queue, schedule };
}
