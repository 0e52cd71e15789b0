import type { Access, Principal } from '@idp/auth';
import { everything, nothing, type QueryNode } from '../domain/query/tree.ts';

/** What a caller may see, as part of every query, and a text that is equal for callers who see the same. */
export interface VisibleEntities {
  readonly tree: QueryNode;
  readonly rights: string;
}

/** Entities the principal may read; ANDed to a query before it counts, sorts or cuts anything. */
export async function visibleEntities(access: Access, principal: Principal): Promise<VisibleEntities> {
  const allowed = await access.allows(principal, 'catalog:entity:read');
  return allowed ? { tree: everything, rights: 'all' } : { tree: nothing, rights: 'none' };
}
