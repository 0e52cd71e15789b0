import type { ResourceSource } from '@idp/service';
import type { CatalogContext } from '../context.ts';
import { foldText } from '../domain/query/text.ts';
import { findEntityResources, listOwnersInTeams } from '../store/query/entity-rights.ts';

/** Entities as auth decides about them for Backstage, which names them by their refs. */
export function entityResources({ database }: Pick<CatalogContext, 'database'>): ResourceSource {
  return {
    async describe({ tenantId, type, refs, signal }) {
      if (type !== 'entity') return refs.map(() => undefined);
      const folded = refs.map(foldText);
      const found = await database
        .tenant(tenantId)
        .read((tx) => findEntityResources(tx, [...new Set(folded)]), { ...(signal !== undefined && { signal }) });
      return folded.map((ref) => found.get(ref));
    },
    async owners({ tenantId, type, teamIds, signal }) {
      if (type !== 'entity') return [];
      const ids = teamIds.map((id) => id.toLowerCase());
      return database
        .tenant(tenantId)
        .read((tx) => listOwnersInTeams(tx, ids), { ...(signal !== undefined && { signal }) });
    },
  };
}
