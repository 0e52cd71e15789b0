import type { Route } from '../routing/route-schema.ts';
import { operationsOf, type OpenApiDocument, type Operation } from './document.ts';

export interface MergeOptions {
  version: string;
  /** Text of the document: how to sign in, page, retry. */
  description: string;
  /** The route that serves a path, for the rate class shown with each operation. */
  findRoute(path: string): Route | undefined;
}

/**
 * One document of all services: native paths only, operations tagged by service, components that differ between services
 * prefixed with the service's name in all of them, operationIds unique. The order of the services does not change a byte.
 */
export function mergeDocuments(
  documents: Readonly<Record<string, OpenApiDocument>>,
  options: MergeOptions,
): OpenApiDocument {
  const services = Object.keys(documents).toSorted();
  const conflicts = conflictingComponents(services.map((service) => documents[service]!));
  const merged: OpenApiDocument = {
    openapi: '3.1.0',
    info: { title: 'Internal Developer Platform', version: options.version, description: options.description },
    servers: [{ url: '/', description: 'This gateway' }],
    tags: [],
    paths: {},
    components: {},
  };
  for (const service of services) add(merged, service, renamed(documents[service]!, service, conflicts), options);
  makeOperationIdsUnique(merged);
  merged.paths = sorted(merged.paths);
  merged.components = Object.fromEntries(Object.entries(sorted(merged.components!)).map(([k, v]) => [k, sorted(v)]));
  return merged;
}

function add(merged: OpenApiDocument, service: string, document: OpenApiDocument, options: MergeOptions): void {
  merged.tags!.push({ name: service, description: document.info.description ?? document.info.title });
  for (const [section, entries] of Object.entries(document.components ?? {})) {
    merged.components![section] = { ...merged.components![section], ...entries };
  }
  for (const { path, method, operation } of operationsOf(document)) {
    const route = options.findRoute(path);
    if (operation['x-internal'] === true || route?.service !== service) continue;
    const { operationId, security, ...rest } = operation;
    const copy: Operation = {
      ...(operationId === undefined ? {} : { operationId }),
      ...rest,
      tags: [service],
      security: security ?? document.security ?? [],
      'x-service': service,
      'x-rate-class': route.rateClass,
    };
    merged.paths[path] = { ...merged.paths[path], ...sharedMembers(document, path), [method]: copy };
  }
}

/** What a path item says for all its operations. */
function sharedMembers(document: OpenApiDocument, path: string): Record<string, unknown> {
  const item = document.paths[path]!;
  return Object.fromEntries(
    ['summary', 'description', 'parameters'].flatMap((name) => (name in item ? [[name, item[name]]] : [])),
  );
}

const componentRef = /^#\/components\/([^/]+)\/([^/]+)$/;

/**
 * `section/name` of components that are not the same in every document that has them, and of those that refer to one: their
 * text is equal, their meaning is not.
 */
function conflictingComponents(documents: readonly OpenApiDocument[]): ReadonlySet<string> {
  const variants = new Map<string, { texts: Set<string>; refs: Set<string> }>();
  for (const document of documents) {
    for (const [section, entries] of Object.entries(document.components ?? {})) {
      for (const [name, value] of Object.entries(entries)) {
        const known = variants.get(`${section}/${name}`) ?? { texts: new Set(), refs: new Set() };
        known.texts.add(canonical(value));
        for (const ref of refsIn(value)) known.refs.add(ref);
        variants.set(`${section}/${name}`, known);
      }
    }
  }
  const conflicts = new Set([...variants].filter(([, { texts }]) => texts.size > 1).map(([key]) => key));
  for (let before = -1; before !== conflicts.size;) {
    before = conflicts.size;
    for (const [key, { refs }] of variants) if ([...refs].some((ref) => conflicts.has(ref))) conflicts.add(key);
  }
  return conflicts;
}

function renamed(document: OpenApiDocument, service: string, conflicts: ReadonlySet<string>): OpenApiDocument {
  const newName = (section: string, name: string) =>
    conflicts.has(`${section}/${name}`) ? prefixed(service, name) : name;
  const copy = mapRefs(document, (ref) => {
    const [, section, name] = componentRef.exec(ref) ?? [];
    return section === undefined || name === undefined ? ref : `#/components/${section}/${newName(section, name)}`;
  }) as OpenApiDocument;
  copy.components = Object.fromEntries(
    Object.entries(copy.components ?? {}).map(([section, entries]) => [
      section,
      Object.fromEntries(Object.entries(entries).map(([name, value]) => [newName(section, name), value])),
    ]),
  );
  return copy;
}

/** `skill-exchange` and `Page` make `SkillExchangePage`. */
function prefixed(service: string, name: string): string {
  return service.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()) + name;
}

function makeOperationIdsUnique(document: OpenApiDocument): void {
  const owners = Map.groupBy(operationsOf(document), ({ operation }) => operation.operationId);
  for (const [id, located] of owners) {
    if (id === undefined || located.length === 1) continue;
    for (const { operation } of located) operation.operationId = `${String(operation['x-service'])}_${id}`;
  }
}

function mapRefs(value: unknown, change: (ref: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => mapRefs(item, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) =>
      key === '$ref' && typeof member === 'string' ? [key, change(member)] : [key, mapRefs(member, change)],
    ),
  );
}

function refsIn(value: unknown): Set<string> {
  const refs = new Set<string>();
  mapRefs(value, (ref) => {
    const [, section, name] = componentRef.exec(ref) ?? [];
    if (section !== undefined) refs.add(`${section}/${name}`);
    return ref;
  });
  return refs;
}

/** The same text for the same JSON whatever the order of members. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? sorted(member as Record<string, unknown>)
      : member,
  );
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
