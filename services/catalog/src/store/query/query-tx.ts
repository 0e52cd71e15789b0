import type { Kysely } from 'kysely';

/** What the queries need of a transaction: its connection. Rows of other tenants do not exist in it. */
export interface QueryTx {
  // oxlint-disable-next-line typescript/no-explicit-any -- every statement here is written in SQL and types its own rows
  readonly db: Kysely<any>;
}
