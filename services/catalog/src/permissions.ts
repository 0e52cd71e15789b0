import type { PermissionManifest } from '@idp/auth';

/** What conditions may ask of an entity; kind, namespace and name as in its ref, in lower case. */
const attributes = {
  kind: 'string',
  namespace: 'string',
  name: 'string',
  type: 'string',
  lifecycle: 'string',
} as const;

/** What of Backstage asks about entities, one at a time or for a list. */
const ofEntity = (name: string) => ({ name, resourceType: 'catalog-entity' });

export const catalogPermissions: PermissionManifest = {
  'catalog:entity:read': {
    description: 'See entities and their relations',
    resource: 'entity',
    role: 'viewer',
    list: true,
    attributes,
    backstage: ofEntity('catalog.entity.read'),
  },
  'catalog:entity:create': {
    description: 'Write new entities by API',
    resource: 'entity',
    role: 'member',
    backstage: { name: 'catalog.entity.create' },
  },
  'catalog:entity:update': { description: 'Change entities written by API', resource: 'entity', role: 'member' },
  'catalog:entity:delete': {
    description: 'Delete entities',
    resource: 'entity',
    role: 'admin',
    attributes,
    backstage: ofEntity('catalog.entity.delete'),
  },
  'catalog:entity:refresh': {
    description: 'Read the sources of an entity again',
    resource: 'entity',
    role: 'member',
    attributes,
    backstage: ofEntity('catalog.entity.refresh'),
  },
  'catalog:entity:validate': {
    description: 'Check documents without storing them',
    resource: 'entity',
    role: 'viewer',
    backstage: { name: 'catalog.entity.validate' },
  },
  'catalog:location:read': {
    description: 'See registered locations',
    resource: 'location',
    role: 'viewer',
    backstage: { name: 'catalog.location.read' },
  },
  'catalog:location:create': {
    description: 'Register locations',
    resource: 'location',
    role: 'member',
    backstage: { name: 'catalog.location.create' },
  },
  'catalog:location:update': { description: 'Point locations elsewhere', resource: 'location', role: 'member' },
  'catalog:location:delete': {
    description: 'Remove locations and what they describe',
    resource: 'location',
    role: 'admin',
    backstage: { name: 'catalog.location.delete' },
  },
  'catalog:service:read': {
    description: 'See services',
    resource: 'service',
    role: 'viewer',
    list: true,
    attributes,
  },
  'catalog:service:create': { description: 'Register services', resource: 'service', role: 'member' },
  'catalog:service:update': {
    description: 'Change services registered by API',
    resource: 'service',
    role: 'member',
    attributes,
  },
};
