import { newId } from '@idp/contracts';
import { ConflictError } from '@idp/errors';
import type { CatalogContext } from '../context.ts';
import { checkValue } from '../domain/ingestion/check-value.ts';
import { type ProcessedEntity, processEntity, refOfDocument } from '../domain/ingestion/process-entity.ts';
import type { Json } from '../domain/model/entity.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { listClaimsByNumber } from '../store/claims.ts';
import { upsertDocuments } from '../store/documents.ts';
import { listEntitiesByNumber } from '../store/entities.ts';
import { findRefs } from '../store/refs.ts';
import { ensureSource, findSource } from '../store/sources.ts';
import { commitClaims } from './commit/commit-claims.ts';
import { judged } from './model-errors.ts';

type Deps = Pick<CatalogContext, 'validator' | 'written'>;

export interface EntityDocument {
  /** `{apiVersion, kind, metadata, spec}` as a client sent it. */
  document: Json;
  /** `user:<id>` or `service:<name>`. */
  actor: string;
  /** Called with the revision the entity has now, undefined when there is none; throws to refuse (If-Match). */
  precondition?: (revision: number | undefined) => void;
  /** Action of the audit row; default `catalog:entity:create` or `:update`. */
  action?: string;
}

export interface AppliedEntity {
  ref: string;
  uid: string;
  /** Revision after the write; unchanged when the document says nothing new. */
  revision: number;
  created: boolean;
}

/**
 * Makes a document of source `api` of what a client sent; the entity is readable when the transaction commits. Throws ValidationError
 * for a broken rule and 409 ENTITY_MANAGED_ELSEWHERE when another source describes the ref.
 */
export async function applyEntityDocument(tx: CatalogTx, ctx: Deps, input: EntityDocument): Promise<AppliedEntity> {
  const entity = processApiDocument(ctx, input.document);
  const source = await ensureSource(tx, { id: newId(), kind: 'api', name: 'api', actor: input.actor });
  const before = await checkFree(tx, entity.ref, source.id);
  input.precondition?.(before?.revision);
  const hash = entity.etag;
  const result = await commitClaims(tx, {
    upserts: [{ entity, sourceId: source.id, locationRef: `api:${entity.ref}`, originRef: `api:${entity.ref}`, hash }],
    cause: 'api',
    actor: input.actor,
    sourceId: source.id,
    keepOrphans: false,
    validator: ctx.validator,
  });
  tx.afterCommit(() => ctx.written.add(tx.tenantId));
  if (result.shadowed.length > 0) throw await managedElsewhere(tx, entity.ref, source.id);
  const known = await findRefs(tx, [entity.ref]);
  const ref = known.get(entity.ref);
  if (!ref?.entityId) throw new TypeError(`${entity.ref} was not written`);
  const row = {
    id: newId(),
    path: entity.ref,
    index: 0,
    blobHash: hash,
    inputHash: hash,
    no: ref.no,
    includes: [],
    error: null,
  };
  await upsertDocuments(tx, source.id, [row]);
  tx.audit({
    action: input.action ?? `catalog:entity:${before ? 'update' : 'create'}`,
    resourceType: 'entity',
    resourceId: ref.entityId,
    ...(before ? { before: JSON.parse(before.document) as Record<string, unknown> } : {}),
    after: { ...entity.entity },
  });
  return { ref: entity.ref, uid: ref.entityId, revision: ref.lastRevision, created: !before };
}

/** Judges a document as `applyEntityDocument` does and writes nothing; also in a reading transaction. */
export async function previewEntityDocument(
  tx: CatalogTx,
  ctx: Pick<Deps, 'validator'>,
  document: Json,
): Promise<ProcessedEntity> {
  const entity = processApiDocument(ctx, document);
  await checkFree(tx, entity.ref, undefined);
  return entity;
}

function processApiDocument(ctx: Pick<Deps, 'validator'>, document: Json): ProcessedEntity {
  return judged(() => {
    checkValue(document);
    const location = { type: 'api', target: refOfDocument(document) ?? 'unknown' };
    return processEntity(document, { validator: ctx.validator, location, origin: location });
  });
}

/** The living entity of the ref, if it is ours or nobody's to describe. */
async function checkFree(tx: CatalogTx, ref: string, apiSourceId: string | undefined) {
  const known = (await findRefs(tx, [ref])).get(ref);
  if (!known) return undefined;
  const [claims, entities] = await Promise.all([
    listClaimsByNumber(tx, [known.no]),
    listEntitiesByNumber(tx, [known.no]),
  ]);
  const active = claims.find((claim) => claim.state === 'active');
  if (active && active.sourceId !== apiSourceId && !active.locationRef.startsWith('api:')) {
    throw await managedElsewhere(tx, ref, apiSourceId);
  }
  const entity = entities.get(known.no);
  return entity?.deleted ? undefined : entity;
}

/** 409 with the source and place that describe the ref. */
async function managedElsewhere(tx: CatalogTx, ref: string, apiSourceId: string | undefined): Promise<ConflictError> {
  const no = (await findRefs(tx, [ref])).get(ref)?.no;
  const claims = no === undefined ? [] : await listClaimsByNumber(tx, [no]);
  const claim = claims.find(({ state, sourceId }) => state === 'active' && sourceId !== apiSourceId);
  const source = claim && (await findSource(tx, claim.sourceId));
  return new ConflictError(`${ref} is managed by ${claim?.locationRef ?? 'another source'}`, {
    code: 'ENTITY_MANAGED_ELSEWHERE',
    details: {
      source: source && { id: source.id, kind: source.kind, name: source.name },
      location: claim?.locationRef,
    },
  });
}
