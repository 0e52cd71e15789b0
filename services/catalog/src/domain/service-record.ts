import { createHash } from 'node:crypto';
import { type Entity, annotations } from './model/entity.ts';
import { formatEntityRef, parseEntityRef, refOfEntity } from './model/entity-ref.ts';

/** What the service registry knows of a Component; also what service events carry. */
export interface ServiceRecord {
  entityRef: string;
  name: string;
  namespace: string;
  description: string;
  type: string;
  lifecycle: string;
  ownerRef: string;
  system: string;
  repositoryUrl: string;
  tags: string[];
}

/** Undefined for every kind but Component. */
export function serviceRecordOf(entity: Entity): ServiceRecord | undefined {
  if (entity.kind !== 'Component') return undefined;
  const { name, namespace = 'default', description = '', tags = [] } = entity.metadata;
  const text = (field: string): string => {
    const value = entity.spec?.[field];
    return typeof value === 'string' ? value : '';
  };
  const refIn = (field: string, kind: string): string => {
    return text(field) === '' ? '' : formatEntityRef(parseEntityRef(text(field), { kind, namespace }));
  };
  return {
    entityRef: refOfEntity(entity),
    name,
    namespace,
    description,
    type: text('type'),
    lifecycle: text('lifecycle'),
    ownerRef: refIn('owner', 'Group'),
    system: refIn('system', 'System'),
    repositoryUrl: repositoryUrlOf(entity),
    tags,
  };
}

const projectSlug = 'github.com/project-slug';

/** The source location, else the GitHub project the entity names; empty when it names neither. */
function repositoryUrlOf(entity: Entity): string {
  const known = entity.metadata.annotations ?? {};
  const source = known[annotations.sourceLocation];
  if (source?.startsWith('url:')) return source.slice('url:'.length);
  const slug = known[projectSlug];
  return slug !== undefined && /^[\w.-]+\/[\w.-]+$/.test(slug) ? `https://github.com/${slug}` : '';
}

export function digestOf(record: ServiceRecord, ownerTeamId: string | undefined): string {
  return createHash('sha1')
    .update(JSON.stringify([record, ownerTeamId]))
    .digest('hex');
}
