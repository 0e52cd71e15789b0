import { defineQueue, defineSchedule } from '@idp/jobs';
import { eraseQueue } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';
import { purgeTenants, tenantErased } from '../operations/tenants/purge-tenants.ts';

const address = { name: 'purge-tenants', payload: z.strictObject({}) };

/** What outlives a tenant: proof of what was done in it and of who has erased it, and the snapshot by which replicas go on refusing. */
const keep = ['tenant_receipts', 'audit_arrivals', 'access_versions', 'access_heads', 'access_shards'];

/** Ends tenants whose 30 days are over, and erases what this service holds of them. */
export function purgeTenantJobs(ctx: AuthContext) {
  const queue = defineQueue<z.output<typeof address.payload>>({
    ...address,
    handler: ({ signal }) => purgeTenants(ctx, { signal }),
  });
  const schedule = defineSchedule({
    name: 'purge-tenants',
    cron: '37 * * * *',
    missed: 'once',
    queue: address,
    payload: {},
  });
  const { database, secrets } = ctx;
  const finish = tenantErased(ctx);
  return { queues: [queue, eraseQueue({ database, secrets, globalTables: true, keep, finish })], schedule };
}
