import { setTimeout as pause } from 'node:timers/promises';
import { timestampFromDate } from '@idp/contracts';
import type { BackgroundTask } from '@idp/service';
import { accessTopic, revocationTopic } from '../access/snapshot.ts';
import type { AuthContext } from '../context.ts';

const everyMs = 1_000;
/** Who hears a beat knows everything that was committed this long ago. */
const behindMaxMs = 2_000;

/** Tells every process of the platform that it has not missed a revocation. */
export function beatAccess({ beat, clock }: Pick<AuthContext, 'beat' | 'clock'>): BackgroundTask {
  return {
    name: 'beat-access',
    async run(signal) {
      while (!signal.aborted) {
        const data = { at: timestampFromDate(clock()) };
        const quiet = { topics: [accessTopic, revocationTopic], ms: behindMaxMs };
        // What hinders a beat is what it must not be sent for: database or bus are away.
        await beat({ type: 'idp.auth.v1.AccessBeat', data, quiet }, signal).catch(() => false);
        await pause(everyMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}
