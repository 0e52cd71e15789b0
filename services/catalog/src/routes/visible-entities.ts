import type { Access, Principal } from '@idp/auth';
import { allOf, everything, nothing, type QueryNode } from '../domain/query/tree.ts';
import { entityColumnsOfRights, rightsOf, rowsNode } from '../store/query/entity-rights.ts';

/** What a caller may see, as part of every query, and a text that is equal for callers who see the same. */
export interface VisibleEntities {
  readonly tree: QueryNode;
  readonly rights: string;
}

/** Entities the principal may read; ANDed to a query before it counts, sorts or cuts anything. */
export function visibleEntities(access: Access, principal: Principal): Promise<VisibleEntities> {
  return visibleBy(access, principal, 'catalog:entity:read');
}

/** The Components among them whose registry row the principal may read, too. */
export async function visibleServices(access: Access, principal: Principal): Promise<VisibleEntities> {
  const [entities, services] = await Promise.all([
    visibleEntities(access, principal),
    visibleBy(access, principal, 'catalog:service:read'),
  ]);
  return { tree: allOf([entities.tree, services.tree]), rights: `${entities.rights} ${services.rights}` };
}

async function visibleBy(access: Access, principal: Principal, permission: string): Promise<VisibleEntities> {
  const visible = await access.visibility(principal, permission, entityColumnsOfRights);
  if (visible === 'all') return { tree: everything, rights: 'all' };
  if (visible === 'none') return { tree: nothing, rights: 'none' };
  return { tree: rowsNode(visible.where), rights: rightsOf(visible.where) };
}
