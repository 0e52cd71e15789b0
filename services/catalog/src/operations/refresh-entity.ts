import { NotFoundError } from '@idp/errors';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { listEntitiesByNumber } from '../store/entities.ts';
import { findRefs } from '../store/refs.ts';
import { listSourcesOfRef } from '../store/sources.ts';
import { requestSync } from './sync/request-sync.ts';

/**
 * Reads the sources that describe an entity again after the commit, whole: its Location ancestors included. Returns their ids. Throws
 * NotFoundError for a ref that is no living entity. A ref written by API has nothing to read.
 */
export async function refreshEntity(tx: CatalogTx, { ref }: { ref: string }): Promise<string[]> {
  const known = (await findRefs(tx, [ref])).get(ref);
  const entity = known && (await listEntitiesByNumber(tx, [known.no])).get(known.no);
  if (!entity || entity.deleted) throw new NotFoundError(`Entity ${ref} not found`);
  const sources = (await listSourcesOfRef(tx, ref)).filter(({ kind }) => kind !== 'api').map(({ id }) => id);
  tx.audit({ action: 'catalog:entity:refresh', resourceType: 'entity', resourceId: entity.id });
  for (const sourceId of sources) await requestSync(tx, sourceId);
  return sources;
}
