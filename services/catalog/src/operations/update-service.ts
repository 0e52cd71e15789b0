import { ConflictError, NotFoundError } from '@idp/errors';
import type { CatalogContext } from '../context.ts';
import { type JsonObject, annotations, isJsonObject } from '../domain/model/entity.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { listClaimsByNumber } from '../store/claims.ts';
import { listEntitiesByNumber } from '../store/entities.ts';
import { findRefByUid } from '../store/refs.ts';
import { type AppliedEntity, applyEntityDocument } from './apply-entity-document.ts';
import { type ServiceOwner, ownerOf } from './register-service.ts';

/** Members that are absent stay as they are; null takes an optional one away. */
export interface ServiceChange extends ServiceOwner {
  description?: string | null | undefined;
  repositoryUrl?: string | null | undefined;
  type?: string | undefined;
  lifecycle?: string | undefined;
  system?: string | null | undefined;
  tags?: readonly string[] | undefined;
}

export interface ServiceUpdate {
  /** uid of the Component, in lower case. */
  id: string;
  change: ServiceChange;
  actor: string;
  /** Called with the revision before the change; throws to refuse (If-Match). */
  precondition?: (revision: number | undefined) => void;
}

/**
 * Changes a service that was registered by API. Throws NotFoundError, 409 ENTITY_MANAGED_ELSEWHERE for one that a file describes (change the
 * file), and what `registerService` throws for its members.
 */
export async function updateService(
  tx: CatalogTx,
  ctx: Pick<CatalogContext, 'validator' | 'written'>,
  { id, change, actor, precondition }: ServiceUpdate,
): Promise<AppliedEntity> {
  const ref = await findRefByUid(tx, id);
  const entity = ref && (await listEntitiesByNumber(tx, [ref.no])).get(ref.no);
  if (!entity || entity.deleted || entity.kind !== 'component') throw new NotFoundError('the service does not exist');
  const claims = await listClaimsByNumber(tx, [entity.no]);
  const active = claims.find((claim) => claim.state === 'active');
  if (!active?.locationRef.startsWith('api:')) {
    throw new ConflictError(`the service is managed by ${active?.locationRef ?? 'another source'}`, {
      code: 'ENTITY_MANAGED_ELSEWHERE',
      details: { location: active?.locationRef },
    });
  }
  const document = await changeDocument(tx, JSON.parse(active.raw) as JsonObject, change);
  const action = 'catalog:service:update';
  return applyEntityDocument(tx, ctx, { document, actor, action, ...(precondition ? { precondition } : {}) });
}

async function changeDocument(tx: CatalogTx, document: JsonObject, change: ServiceChange): Promise<JsonObject> {
  const metadata = { ...objectIn(document, 'metadata') };
  const spec = { ...objectIn(document, 'spec') };
  const { description, repositoryUrl, type, lifecycle, system, tags, ownerRef, ownerTeamId } = change;
  assign(metadata, 'description', description);
  assign(metadata, 'tags', tags === undefined ? undefined : [...tags]);
  if (repositoryUrl !== undefined) {
    const known = { ...objectIn(metadata, 'annotations') };
    assign(known, annotations.sourceLocation, repositoryUrl === null ? null : `url:${repositoryUrl}`);
    metadata['annotations'] = known;
  }
  assign(spec, 'type', type);
  assign(spec, 'lifecycle', lifecycle);
  assign(spec, 'system', system);
  if (ownerRef !== undefined || ownerTeamId !== undefined) spec['owner'] = await ownerOf(tx, change);
  return { ...document, metadata, spec };
}

function objectIn(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  return isJsonObject(value) ? value : {};
}

function assign(object: JsonObject, key: string, value: JsonObject[string] | undefined): void {
  if (value === null) delete object[key];
  else if (value !== undefined) object[key] = value;
}
