import type { Tx } from '@idp/database';

/** What `publish` needs of a transaction of `@idp/database`. */
export type EventTransaction = Pick<Tx<never>, 'service' | 'tenantId' | 'readOnly' | 'beforeCommit'>;
