import type { AccessResource } from '@idp/auth';
import { ConflictError, UnprocessableError, ValidationError } from '@idp/errors';
import type { CatalogContext } from '../context.ts';
import { type JsonObject, annotations, defaultNamespace } from '../domain/model/entity.ts';
import { formatEntityRef, parseEntityRef } from '../domain/model/entity-ref.ts';
import type { CatalogTx } from '../store/catalog-tx.ts';
import { listEntitiesByNumber } from '../store/entities.ts';
import { findRefs } from '../store/refs.ts';
import { findGroupOfTeam, listTeamsOfGroups } from '../store/services.ts';
import { type AppliedEntity, applyEntityDocument } from './apply-entity-document.ts';
import { judged } from './model-errors.ts';

/** Exactly one of the two names the owner. */
export interface ServiceOwner {
  ownerRef?: string | undefined;
  ownerTeamId?: string | undefined;
}

export interface NewService extends ServiceOwner {
  name: string;
  namespace?: string | undefined;
  description?: string | undefined;
  repositoryUrl?: string | undefined;
  type?: string | undefined;
  lifecycle?: string | undefined;
  system?: string | undefined;
  tags?: readonly string[] | undefined;
}

/** Throws to refuse a service that comes to lie there. */
export type JudgePlace = (place: Pick<AccessResource, 'tenantId' | 'scope'>) => void;

/**
 * Registers a service: a Component of source `api`, whose uid is the service's id. Throws 409 SERVICE_EXISTS when the name is taken, 422
 * REFERENCE_INVALID for a team no group names, ValidationError for what the entity model refuses.
 */
export async function registerService(
  tx: CatalogTx,
  ctx: Pick<CatalogContext, 'validator' | 'written'>,
  { service, actor, judgePlace }: { service: NewService; actor: string; judgePlace: JudgePlace },
): Promise<AppliedEntity> {
  const { name, namespace = defaultNamespace } = service;
  const owner = await ownerOf(tx, service);
  // First: who may not register it here hears of nothing that has the name.
  judgePlace(await placeOf(tx, { owner, namespace }));
  await requireFree(tx, formatEntityRef({ kind: 'component', namespace, name }));
  const { description, repositoryUrl, type = 'service', lifecycle = 'unknown', system, tags } = service;
  const document: JsonObject = {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Component',
    metadata: {
      name,
      namespace,
      ...(description === undefined ? {} : { description }),
      ...(repositoryUrl === undefined ? {} : { annotations: { [annotations.sourceLocation]: `url:${repositoryUrl}` } }),
      ...(tags === undefined ? {} : { tags: [...tags] }),
    },
    spec: { type, lifecycle, owner, ...(system === undefined ? {} : { system }) },
  };
  return applyEntityDocument(tx, ctx, { document, actor, action: 'catalog:service:create' });
}

async function requireFree(tx: CatalogTx, ref: string): Promise<void> {
  const known = (await findRefs(tx, [ref])).get(ref);
  const entity = known && (await listEntitiesByNumber(tx, [known.no])).get(known.no);
  if (entity && !entity.deleted) {
    throw new ConflictError(`a service with the ref ${ref} exists`, {
      code: 'SERVICE_EXISTS',
      details: { id: entity.id },
    });
  }
}

/** Where what this owner owns lies: in its team, or, where it names none, in the tenant. */
async function placeOf(
  tx: CatalogTx,
  { owner, namespace }: { owner: string; namespace: string },
): Promise<Pick<AccessResource, 'tenantId' | 'scope'>> {
  const ref = formatEntityRef(judged(() => parseEntityRef(owner, { kind: 'Group', namespace }), 'entity.spec.owner'));
  const teamId = (await listTeamsOfGroups(tx, [ref])).get(ref);
  return { tenantId: tx.tenantId, ...(teamId !== undefined && { scope: { teamId } }) };
}

/** Ref of the owner, which may dangle; a team has to be named by a group's annotation `idp/team-id`. */
export async function ownerOf(tx: CatalogTx, { ownerRef, ownerTeamId }: ServiceOwner): Promise<string> {
  if ((ownerRef === undefined) === (ownerTeamId === undefined)) {
    const message = 'give exactly one of ownerRef and ownerTeamId';
    throw new ValidationError(message, { issues: [{ path: 'ownerRef', message }] });
  }
  if (ownerRef !== undefined) return ownerRef;
  const group = await findGroupOfTeam(tx, ownerTeamId ?? '');
  if (group !== undefined) return group;
  throw new UnprocessableError('no group stands for this team', {
    code: 'REFERENCE_INVALID',
    details: { issues: [{ path: 'ownerTeamId', message: 'no group stands for this team' }] },
  });
}
