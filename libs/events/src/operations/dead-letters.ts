import type { Database } from '@idp/database';
import type { ConsumerTx } from '../consumer/inbox-store.ts';
import { RedriveFailure } from '../errors.ts';
import type { PlatformDoor } from '../platform-door.ts';
import {
  countRedrivable,
  findDeadLetter,
  groupDeadLetters,
  listDeadLetters,
  nextRedrivable,
  type DeadLetterFilter,
  type DeadLetterGroup,
  type RedriveSelection,
} from './dead-letter-rows.ts';
import {
  discardDeadLetter,
  recordFailedRedrive,
  redriveDeadLetter,
  type Acting,
  type Environments,
} from './redrive.ts';

export type RedriveOutcome = { outcome: 'applied' } | { outcome: 'failed'; error: { code: string; message: string } };

/** What may be done about the dead letters of a service. Functions with a transaction see that transaction's tenant alone. */
export interface DeadLetters {
  list: typeof listDeadLetters;
  find: typeof findDeadLetter;
  /** Runs and closes a letter; see {@link redriveDeadLetter}. */
  redrive(tx: ConsumerTx, id: string, acting: Acting): Promise<void>;
  recordFailure: typeof recordFailedRedrive;
  discard(tx: ConsumerTx, id: string, closing: { actor: string; reason: string }): Promise<void>;
  /** A redrive with all that belongs to it, in transactions of its own. */
  redriveOne(tenantId: string, id: string, acting: Acting): Promise<RedriveOutcome>;
  /** Of all tenants unless `tenantId` names one. */
  groups(filter: DeadLetterFilter, bounds: { tenantId: string | undefined; limit: number }): Promise<DeadLetterGroup[]>;
  /** How many letters a bulk redrive would try, and the time of the database for its `triedBefore`. */
  count(selection: Omit<RedriveSelection, 'triedBefore'>): Promise<{ matched: number; at: string }>;
  next(selection: RedriveSelection, limit: number): Promise<{ tenant_id: string; id: string }[]>;
}

export function createDeadLetters(parts: {
  // Consumers bring their own tables.
  // oxlint-disable-next-line typescript/no-explicit-any
  database: Database<any>;
  door: PlatformDoor;
  environments: Environments;
}): DeadLetters {
  const { database, door, environments } = parts;
  return {
    list: listDeadLetters,
    find: findDeadLetter,
    redrive: (tx, id, acting) => redriveDeadLetter(environments, tx, id, acting),
    recordFailure: recordFailedRedrive,
    discard: (tx, id, closing) => discardDeadLetter(environments, tx, id, closing),
    async redriveOne(tenantId, id, acting) {
      const tenant = database.tenant(tenantId);
      try {
        await tenant.write((tx) => redriveDeadLetter(environments, tx as never, id, acting), { signal: acting.signal });
        return { outcome: 'applied' };
      } catch (error) {
        if (!(error instanceof RedriveFailure)) throw error;
        await tenant.write((tx) => recordFailedRedrive(tx as never, id, error, acting));
        const { code, message } = error;
        return { outcome: 'failed', error: { code, message } };
      }
    },
    groups: (filter, bounds) => door.transaction((tx) => groupDeadLetters(tx.db, filter, bounds), { readOnly: true }),
    count: (selection) => door.transaction((tx) => countRedrivable(tx.db, selection), { readOnly: true }),
    next: (selection, limit) => door.transaction((tx) => nextRedrivable(tx.db, selection, limit), { readOnly: true }),
  };
}
