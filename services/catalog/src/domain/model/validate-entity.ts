import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { type Entity, defaultNamespace, isJsonObject } from './entity.ts';
import { refOfEntity } from './entity-ref.ts';
import { envelopeSchema } from './envelope-schema.ts';
import { checkFieldFormats } from './field-format.ts';
import { type KindVersion, kindVersions } from './kind-schemas.ts';
import { type DocumentPath, ModelError } from './model-error.ts';

const rootFields = ['apiVersion', 'kind', 'metadata', 'spec'];

/**
 * Checks a document by the rules of `@backstage/catalog-model` 1.10.1 and its order: envelope, unknown root fields,
 * field formats, schema of the kind. The first broken rule is thrown as ModelError with the text Backstage gives.
 */
export interface EntityValidator {
  /** Returns the entity with its namespace filled in; the input is not changed. */
  validate(document: unknown): Entity;
}

/** Compiling schemas takes milliseconds, so each is compiled when first needed: make one validator and keep it. */
export function createEntityValidator(): EntityValidator {
  const ajv = new Ajv({ allowUnionTypes: true });
  const ajvOfKinds = new Ajv({ allowUnionTypes: true, allErrors: true });
  const compiled = new Map<KindVersion, ValidateFunction>();
  let envelope: ValidateFunction | undefined;

  function checkEnvelope(document: unknown): asserts document is Entity {
    envelope ??= ajv.compile(envelopeSchema);
    if (envelope(document)) return;
    const error = firstError(envelope);
    throw new ModelError(
      'schema',
      `Malformed envelope, ${error.instancePath || '<root>'} ${error.message}`,
      pathOf(error),
    );
  }

  function checkKind(entity: Entity): void {
    const version = findKindVersion(entity);
    if (!version) throw unknownKind(entity);
    let validate = compiled.get(version);
    if (!validate) {
      validate = ajvOfKinds.compile({ type: 'object', required: ['spec'], properties: { spec: version.spec } });
      compiled.set(version, validate);
    }
    if (!validate(entity)) throw kindError(firstError(validate));
  }

  return {
    validate(document) {
      checkEnvelope(document);
      const entity = withNamespace(document);
      for (const field of Object.keys(entity)) {
        if (!rootFields.includes(field)) throw new ModelError('schema', `Unknown field ${field}`, [field]);
      }
      checkFieldFormats(entity);
      checkKind(entity);
      return entity;
    },
  };
}

function withNamespace(entity: Entity): Entity {
  if (entity.metadata.namespace) return entity;
  const { namespace: _, ...metadata } = entity.metadata;
  return { ...entity, metadata: { namespace: defaultNamespace, ...metadata } };
}

function findKindVersion(entity: Entity): KindVersion | undefined {
  const candidates = kindVersions.filter((version) => {
    return version.kind === entity.kind && version.apiVersions.includes(entity.apiVersion);
  });
  const type = isJsonObject(entity.spec) ? entity.spec['type'] : undefined;
  return candidates.find((version) => version.specType !== undefined && version.specType === type) ?? candidates[0];
}

function unknownKind(entity: Entity): ModelError {
  const sameKind = kindVersions.some((version) => version.kind === entity.kind);
  return new ModelError(
    'unknown-kind',
    `No processor recognized the entity ${refOfEntity(entity)} as valid, possibly caused by a foreign kind or apiVersion`,
    [sameKind ? 'apiVersion' : 'kind'],
  );
}

function kindError(error: ErrorObject): ModelError {
  const params = Object.entries(error.params).map(([key, value]) => `${key}: ${value}`);
  const message = `${error.instancePath || '<root>'} ${error.message} - ${params.join(', ')}`;
  return new ModelError('schema', message, pathOf(error));
}

function firstError(validate: ValidateFunction): ErrorObject {
  const [error] = validate.errors ?? [];
  if (!error) throw new TypeError('a failed validation has an error');
  return error;
}

/** JSON pointer of the error as path; an undeclared member is pointed at itself, a missing one at its parent. */
function pathOf(error: ErrorObject): DocumentPath {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const extra: unknown = error.params['additionalProperty'];
  return typeof extra === 'string' ? [...path, extra] : path;
}
