import { defineQueue, defineSchedule } from '@idp/jobs';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';
import { advanceSigningKeys } from '../operations/credentials/signing-keys.ts';

const address = { name: 'rotate-signing-keys', payload: z.strictObject({}) };

/** Looks every hour what is due for the keys that sign tokens. */
export function rotateSigningKeyJobs(ctx: AuthContext) {
  const queue = defineQueue<z.output<typeof address.payload>>({
    ...address,
    concurrency: 1,
    handler: ({ signal }) => advanceSigningKeys(ctx, { signal }),
  });
  const schedule = defineSchedule({
    name: 'rotate-signing-keys',
    cron: '23 * * * *',
    missed: 'once',
    queue: address,
    payload: {},
  });
  return { queue, schedule };
}
