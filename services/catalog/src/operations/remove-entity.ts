import { NotFoundError } from '@idp/errors';
import type { CatalogContext } from '../context.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { listClaimsByNumber } from '../store/claims.ts';
import { deleteDocuments, forgetDocumentsOf } from '../store/documents.ts';
import { listEntitiesByNumber } from '../store/entities.ts';
import { type RefRow, findRefs, findRefByUid } from '../store/refs.ts';
import { commitClaims } from './commit/commit-claims.ts';

export interface EntityRemoval {
  /** Canonical ref, or uid in lower case. */
  entity: { ref: string } | { uid: string };
  actor: string;
  precondition?: (revision: number) => void;
}

export interface RemovedEntity {
  ref: string;
  uid: string;
  /** Where the entity is described: the next sync of that source brings it back. Undefined for one written by API. */
  returnsWith: string | undefined;
}

/** Deletes an entity and every claim on it, at once. Throws NotFoundError. */
export async function removeEntity(
  tx: CatalogTx,
  ctx: Pick<CatalogContext, 'validator'>,
  { entity, actor, precondition }: EntityRemoval,
): Promise<RemovedEntity> {
  const ref = await findRef(tx, entity);
  const stored = ref && (await listEntitiesByNumber(tx, [ref.no])).get(ref.no);
  if (!ref || !stored || stored.deleted) throw new NotFoundError('the entity does not exist');
  precondition?.(stored.revision);
  const claims = await listClaimsByNumber(tx, [ref.no]);
  await commitClaims(tx, {
    upserts: [],
    removals: claims.map(({ sourceId, locationRef }) => ({ ref: ref.ref, sourceId, locationRef })),
    cause: 'api',
    actor,
    keepOrphans: false,
    validator: ctx.validator,
  });
  const written = claims.find((claim) => claim.locationRef.startsWith('api:'));
  if (written) await deleteDocuments(tx, written.sourceId, [{ path: ref.ref, index: 0 }]);
  await forgetDocumentsOf(tx, ref.no);
  tx.audit({
    action: 'catalog:entity:delete',
    resourceType: 'entity',
    resourceId: stored.id,
    before: JSON.parse(stored.document) as Record<string, unknown>,
  });
  const described = claims.find((claim) => claim !== written);
  return { ref: ref.ref, uid: stored.id, returnsWith: described?.locationRef };
}

async function findRef(tx: CatalogTx, entity: EntityRemoval['entity']): Promise<RefRow | undefined> {
  if ('uid' in entity) return findRefByUid(tx, entity.uid);
  return (await findRefs(tx, [entity.ref])).get(entity.ref);
}
