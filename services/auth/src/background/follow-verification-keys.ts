import type { BackgroundTask } from '@idp/service';
import type { AuthContext } from '../context.ts';

const everyMs = 30_000;

/** Changes sign inside their transactions with the key this process holds: one that another process lets sign must come by itself. */
export function followVerificationKeys({ accessKeys }: Pick<AuthContext, 'accessKeys'>): BackgroundTask {
  return {
    name: 'follow-verification-keys',
    everyMs,
    async run() {
      await accessKeys.signer();
    },
  };
}
