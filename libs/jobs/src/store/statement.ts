import type { Kysely, RawBuilder } from 'kysely';

/** Sends a statement in a transaction: that of a tenant (`tx.platform`) or one of the platform door. */
export type RunStatement = <R>(statement: RawBuilder<R>) => Promise<R[]>;

/** Statements on the platform door. */
export function onPlatform(db: Kysely<never>): RunStatement {
  return async (statement) => (await statement.execute(db)).rows;
}
