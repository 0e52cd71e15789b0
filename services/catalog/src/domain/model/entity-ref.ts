import { type Entity, defaultNamespace } from './entity.ts';
import { ModelError } from './model-error.ts';

export interface CompoundRef {
  kind: string;
  namespace: string;
  name: string;
}

interface PartialRef {
  kind: string | undefined;
  namespace: string | undefined;
  name: string;
}

/** Splits `[<kind>:][<namespace>/]<name>`. A `/` before the first `:` means the ref names no kind. */
function splitRef(ref: string): PartialRef {
  const slash = ref.indexOf('/');
  let colon = ref.indexOf(':');
  if (slash !== -1 && slash < colon) colon = -1;
  const kind = colon === -1 ? undefined : ref.slice(0, colon);
  const namespace = slash === -1 ? undefined : ref.slice(colon + 1, slash);
  const name = ref.slice(Math.max(colon, slash) + 1);
  if (kind === '' || namespace === '' || name === '') {
    throw new ModelError('ref', `Entity reference "${ref}" was not on the form [<kind>:][<namespace>/]<name>`);
  }
  return { kind, namespace, name };
}

/** Parses an entity ref; parts that are missing come from `defaults`. Throws ModelError with the text Backstage uses. */
export function parseEntityRef(ref: unknown, defaults: { kind?: string; namespace?: string } = {}): CompoundRef {
  if (!ref) throw new ModelError('ref', 'Entity reference must not be empty');
  const parts = typeof ref === 'string' ? splitRef(ref) : (ref as PartialRef);
  const kind = parts.kind ?? defaults.kind;
  const namespace = parts.namespace ?? (defaults.namespace || defaultNamespace);
  const textual = JSON.stringify(ref);
  if (!kind) {
    throw new ModelError(
      'ref',
      `Entity reference ${textual} had missing or empty kind (e.g. did not start with "component:" or similar)`,
    );
  }
  if (!namespace) throw new ModelError('ref', `Entity reference ${textual} had missing or empty namespace`);
  if (!parts.name) throw new ModelError('ref', `Entity reference ${textual} had missing or empty name`);
  return { kind, namespace, name: parts.name };
}

/** The canonical form: `kind:namespace/name` in lower case. */
export function formatEntityRef(ref: { kind: string; namespace?: string; name: string }): string {
  return `${ref.kind}:${ref.namespace ?? defaultNamespace}/${ref.name}`.toLowerCase();
}

export function refOfEntity(entity: Entity): string {
  const { name, namespace } = entity.metadata;
  return formatEntityRef({ kind: entity.kind, name, namespace: namespace ?? defaultNamespace });
}
