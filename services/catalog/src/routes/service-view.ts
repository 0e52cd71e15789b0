import { z } from 'zod';
import type { Entity } from '../domain/model/entity.ts';
import { serviceRecordOf } from '../domain/service-record.ts';
import { entityJson, type EntityRow } from '../store/query/entity-rows.ts';
import type { RegistryRow } from '../store/query/services.ts';

/** A service: a Component entity seen as an entry of the registry. */
export const serviceSchema = z.object({
  id: z.uuid().meta({ description: 'uid of the Component entity' }),
  entityRef: z.string(),
  name: z.string(),
  namespace: z.string(),
  title: z.string().nullable(),
  description: z.string().nullable(),
  repositoryUrl: z.string().nullable(),
  ownerRef: z.string().nullable(),
  ownerTeamId: z.uuid().nullable(),
  type: z.string(),
  lifecycle: z.string(),
  system: z.string().nullable().meta({ description: 'ref of the system the service is part of' }),
  tags: z.array(z.string()),
  links: z.array(z.looseObject({ url: z.string() })),
  documentation: z.object({ techdocs: z.string().nullable(), apis: z.array(z.string()) }),
  latestVersion: z.string().nullable(),
  health: z.enum(['unknown', 'healthy', 'degraded', 'unhealthy', 'stale', 'disabled']),
  environments: z.array(z.object({ environmentId: z.uuid(), version: z.string() })),
  managedBy: z
    .string()
    .nullable()
    .meta({ description: 'kind of the source that describes the service; `api` may be changed here' }),
  createdAt: z.iso.datetime({ offset: true }).nullable(),
  updatedAt: z.iso.datetime({ offset: true }).nullable(),
});

export type ServiceView = z.output<typeof serviceSchema>;

interface ServedEntity extends Entity {
  relations: { type: string; targetRef: string }[];
}

/** The service an entity stands for; undefined unless it is a Component. */
export function serviceView(row: EntityRow, registry: RegistryRow | undefined): ServiceView | undefined {
  const entity = JSON.parse(entityJson(row)) as ServedEntity;
  const record = serviceRecordOf(entity);
  if (record === undefined) return undefined;
  const { annotations = {}, links = [], title } = entity.metadata;
  return {
    id: row.id,
    entityRef: record.entityRef,
    name: record.name,
    namespace: record.namespace,
    title: title ?? null,
    description: textOrNull(record.description),
    repositoryUrl: textOrNull(record.repositoryUrl),
    ownerRef: textOrNull(record.ownerRef),
    ownerTeamId: registry?.ownerTeamId ?? null,
    type: record.type,
    lifecycle: record.lifecycle,
    system: textOrNull(record.system),
    tags: record.tags,
    links: links.map((link) => ({ ...link })),
    documentation: {
      techdocs: annotations['backstage.io/techdocs-ref'] ?? null,
      apis: entity.relations.filter(({ type }) => type === 'providesApi').map(({ targetRef }) => targetRef),
    },
    latestVersion: null,
    health: 'unknown',
    environments: [],
    managedBy: registry?.managedBy ?? null,
    createdAt: registry?.createdAt ?? null,
    updatedAt: registry?.updatedAt ?? null,
  };
}

function textOrNull(text: string): string | null {
  return text === '' ? null : text;
}
