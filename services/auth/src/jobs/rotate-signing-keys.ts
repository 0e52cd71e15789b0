import { defineQueue, defineSchedule } from '@idp/jobs';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';
import { advanceSigningKeys } from '../operations/credentials/signing-keys.ts';
import { advanceVerificationKeys } from '../operations/credentials/verification-keys.ts';

const address = { name: 'rotate-signing-keys', payload: z.strictObject({}) };

/** Looks every hour what is due for the keys that sign tokens, the access snapshot and checkpoints of the audit log. */
export function rotateSigningKeyJobs(ctx: AuthContext) {
  const queue = defineQueue<z.output<typeof address.payload>>({
    ...address,
    concurrency: 1,
    async handler({ signal }) {
      await advanceSigningKeys(ctx, { signal });
      await advanceVerificationKeys(ctx, { signal });
    },
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
