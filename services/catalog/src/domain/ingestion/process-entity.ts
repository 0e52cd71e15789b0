import { createHash } from 'node:crypto';
import { type Entity, type Json, isJsonObject } from '../model/entity.ts';
import { refOfEntity } from '../model/entity-ref.ts';
import { ModelError } from '../model/model-error.ts';
import { type Edge, relationsOf } from '../model/relation-fields.ts';
import type { EntityValidator } from '../model/validate-entity.ts';
import { type AllowedKind, checkAllowedKind } from './allowed-kinds.ts';
import { type DocumentOrigin, annotate } from './annotate.ts';
import { limits } from './limits.ts';
import { type Term, termsOf } from './terms.ts';

/** A document that passed every rule, ready to be stored. The uid comes with the ref's row. */
export interface ProcessedEntity {
  ref: string;
  entity: Entity;
  edges: readonly Edge[];
  /** Without the term of metadata.uid. */
  terms: readonly Term[];
  /** Hash of the entity and its own relations. */
  etag: string;
  /** JSON text of the document as given, placeholders filled in. */
  raw: string;
}

export interface ProcessContext extends DocumentOrigin {
  validator: EntityValidator;
  allowedKinds?: readonly AllowedKind[] | undefined;
}

/** Takes one document through validation, annotations, relations and terms. Throws ModelError with the first broken rule. */
export function processEntity(document: Json, context: ProcessContext): ProcessedEntity {
  const valid = context.validator.validate(withoutServerFields(document));
  checkAllowedKind(valid, context.location, context.allowedKinds);
  const edges = relationsOf(valid);
  const long = edges.find((edge) => edge.from.length > limits.refChars || edge.to.length > limits.refChars);
  if (long) throw new ModelError('limit', `an entity reference is longer than ${limits.refChars} characters`, ['spec']);
  const entity = inOrder(annotate(valid, context));
  const text = JSON.stringify(entity);
  if (text.length > limits.entityChars) {
    throw new ModelError('limit', `the entity is larger than ${limits.entityChars} characters`);
  }
  return {
    ref: refOfEntity(entity),
    entity,
    edges,
    terms: termsOf(entity),
    etag: etagOf(text, edges),
    raw: JSON.stringify(document),
  };
}

/** The ref a document would have, where it has enough of one: lets an error be shown at the entity it would replace. */
export function refOfDocument(document: Json): string | undefined {
  if (!isJsonObject(document)) return undefined;
  const { kind, metadata } = document;
  if (typeof kind !== 'string' || !isJsonObject(metadata)) return undefined;
  const { name, namespace } = metadata;
  if (typeof name !== 'string' || name === '' || kind === '') return undefined;
  const ref = refOfEntity({
    apiVersion: '',
    kind,
    metadata: { name, ...(typeof namespace === 'string' && namespace !== '' ? { namespace } : {}) },
  });
  return ref.length <= limits.refChars ? ref : undefined;
}

/** `metadata.uid` and `metadata.etag` are the server's: what a document says of them is dropped. */
function withoutServerFields(document: Json): Json {
  if (!isJsonObject(document) || !isJsonObject(document['metadata'])) return document;
  const { uid: _uid, etag: _etag, ...metadata } = document['metadata'];
  return { ...document, metadata };
}

function inOrder({ apiVersion, kind, metadata, spec }: Entity): Entity {
  return { apiVersion, kind, metadata, ...(spec === undefined ? {} : { spec }) };
}

function etagOf(text: string, edges: readonly Edge[]): string {
  const hash = createHash('sha1').update(text);
  for (const line of edges.map((edge) => `\n${edge.pairId} ${edge.from} ${edge.to}`).sort()) hash.update(line);
  return hash.digest('hex');
}
