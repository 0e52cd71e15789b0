import type { Tx } from '@idp/database';

/** A transaction of this service. Statements are written in SQL and type their own rows. */
// oxlint-disable-next-line typescript/no-explicit-any -- no kysely table types: see above
export type CatalogTx = Tx<any>;
