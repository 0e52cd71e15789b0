import { insertHead } from '../store/changes.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';

/** What the catalog needs for a tenant: the head of its change stream. */
export async function prepareTenant(tx: CatalogTx): Promise<void> {
  await insertHead(tx);
}
