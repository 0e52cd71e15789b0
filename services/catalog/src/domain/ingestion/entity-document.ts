import type { Entity, Json } from '../model/entity.ts';

/** Backstage's shape of something the catalog has to say about an entity. */
export interface StatusItem {
  type: string;
  level: 'info' | 'warning' | 'error';
  message: string;
  error?: { name: string; message: string };
}

const processingStatus = 'backstage.io/catalog-processing';

/** Status of an entity whose descriptor is in error, or no status at all. */
export function processingError(message: string): StatusItem[] {
  return [{ type: processingStatus, level: 'error', message, error: { name: 'InputError', message } }];
}

/** JSON text of an entity as it is stored: with uid and etag, without relations and status. */
export function formatDocument(entity: Entity, uid: string, etag: string): string {
  const { apiVersion, kind, metadata, spec } = entity;
  return JSON.stringify({
    apiVersion,
    kind,
    metadata: { ...metadata, uid, etag },
    ...(spec === undefined ? {} : { spec }),
  });
}

const pathsMax = 100;

/**
 * Paths at which two JSON values differ, in the manner of `spec.owner`; a list counts as one value. At most 100: a document that
 * differs more is named by its upper paths alone.
 */
export function changedPaths(before: Json, after: Json): string[] {
  for (const depth of [16, 2]) {
    const paths: string[] = [];
    collect(before, after, '', depth, paths);
    if (paths.length <= pathsMax) return paths;
  }
  return [''];
}

function collect(
  before: Json | undefined,
  after: Json | undefined,
  path: string,
  depth: number,
  paths: string[],
): void {
  if (isObject(before) && isObject(after) && depth > 0) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      collect(before[key], after[key], path === '' ? key : `${path}.${key}`, depth - 1, paths);
    }
  } else if (JSON.stringify(before) !== JSON.stringify(after)) {
    paths.push(path);
  }
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
