import { platformTenantId, timestampFromDate } from '@idp/contracts';
import type { Database } from '@idp/database';
import { publish } from '@idp/events';
import type { Secrets } from '@idp/secrets';
import type { Logger } from '@idp/telemetry';
import { clientNetworkOf } from '@idp/service';
import type { Tables } from '../../store/tables.ts';
import { findAccountByEmail } from '../../store/users.ts';
import type { Throttled } from '../../throttling/login-throttle.ts';

/** Tells of refused sign-ins, as an event and a row of the platform tenant. What cannot be told is logged: the refusal stands. */
export function createThrottledAnnouncer(options: {
  database: Database<Tables>;
  secrets: Secrets;
  clock: () => Date;
  logger: Logger;
}): (throttled: Throttled) => Promise<void> {
  const { database, secrets, clock, logger } = options;

  async function announce({ who, charge, retryAfterMs }: Throttled): Promise<void> {
    const fingerprint = await secrets.tenant(platformTenantId).fingerprint(who.account);
    const now = clock();
    await database.tenant(platformTenantId).write(
      async (tx) => {
        const account = await findAccountByEmail(tx, who.account);
        const network = who.ip === undefined ? '' : clientNetworkOf(who.ip).network;
        publish(tx, {
          type: 'idp.auth.v1.LoginThrottled',
          aggregateId: account?.id ?? fingerprint,
          data: {
            userId: account?.id ?? '',
            addressFingerprint: fingerprint,
            network,
            throttledAt: timestampFromDate(now),
            retryAt: timestampFromDate(new Date(now.getTime() + retryAfterMs)),
          },
        });
        tx.audit({
          action: 'auth:session:throttle',
          resourceType: 'user',
          resourceId: account?.id ?? `address:${fingerprint}`,
          outcome: 'denied',
          after: { limit: charge.policy, network },
          reason: 'too many failed sign-ins',
        });
      },
      { global: true },
    );
  }

  return (throttled) =>
    announce(throttled).catch((error: unknown) => logger.warn({ err: error }, 'refused sign-ins were not told'));
}
