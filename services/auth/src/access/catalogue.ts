import type { Tx } from '@idp/database';
import { createCatalogue, type PermissionCatalogue } from '../domain/access/permission-catalogue.ts';
import { findManifestState, listManifests } from '../store/access/manifests.ts';
import type { Tables } from '../store/tables.ts';

/** The permissions of all services, as auth has heard of them. */
export interface Catalogues {
  /** As the transaction sees them. */
  current(tx: Tx<Tables>): Promise<PermissionCatalogue>;
  /** As they were last read. */
  latest(): PermissionCatalogue;
}

/** Reads manifests again only where one of them has changed. */
export function createCatalogues(): Catalogues {
  let known = { state: '', catalogue: createCatalogue([]) };
  return {
    async current(tx) {
      const state = await findManifestState(tx);
      if (state !== known.state) known = { state, catalogue: createCatalogue(await listManifests(tx)) };
      return known.catalogue;
    },
    latest: () => known.catalogue,
  };
}
