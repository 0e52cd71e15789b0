import type { Tx } from '@idp/database';
import type { Tables } from './tables.ts';

/** A transaction of this service. Statements are written in SQL and type their own rows. */
export type CatalogTx = Tx<Tables>;
