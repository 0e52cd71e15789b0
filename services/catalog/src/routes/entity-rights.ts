import type { Access, Principal } from '@idp/auth';
import { NotFoundError } from '@idp/errors';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { findEntityResource } from '../store/query/entity-rights.ts';

/** Refuses in a transaction what the caller may not do with an entity: 404 for one it may not see, else 403. */
export type RequireEntity = (tx: CatalogTx, entity: { uid: string } | { ref: string }) => Promise<void>;

/** Learns what the caller may before a transaction begins, in which nothing is to be waited for. `missing` is the message of the 404. */
export async function entityRights(
  access: Access,
  principal: Principal,
  { permission, missing }: { permission: string; missing: string },
): Promise<RequireEntity> {
  const [read, act] = await Promise.all([
    access.rights(principal, 'catalog:entity:read'),
    access.rights(principal, permission),
  ]);
  return async (tx, entity) => {
    const resource = await findEntityResource(tx, entity);
    if (resource === undefined || !read.allows(resource)) throw new NotFoundError(missing);
    act.require(resource);
  };
}
