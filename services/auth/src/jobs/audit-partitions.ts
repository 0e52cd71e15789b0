import { sql } from 'kysely';
import { z } from 'zod';
import { platformTenantId } from '@idp/contracts';
import { named } from '@idp/database';
import { defineQueue, defineSchedule, type AnyQueue, type AnySchedule } from '@idp/jobs';
import type { AuthContext } from '../context.ts';

const monthsAhead = 3;

/** Makes the partitions of the audit log for the months ahead. Without them rows would go on in the default partition. */
export function auditPartitionJobs(ctx: Pick<AuthContext, 'database'>): { queue: AnyQueue; schedule: AnySchedule } {
  const queue = defineQueue<Record<string, never>>({
    name: 'audit-partitions',
    payload: z.strictObject({}),
    concurrency: 1,
    async handler() {
      await ctx.database.tenant(platformTenantId).write(
        async (tx) => {
          const make = sql`select maintain_audit_chain_partitions(${monthsAhead})`;
          await make.execute(named(tx.db, 'auth.audit-partitions'));
        },
        { unaudited: 'partitions of the audit log itself' },
      );
    },
  });
  const schedule = defineSchedule({
    name: 'audit-partitions',
    cron: '41 3 * * *',
    missed: 'once',
    queue,
    payload: {},
  });
  return { queue, schedule };
}
