import type { PermissionManifest } from '@idp/auth';

/** What conditions may ask of an entity; kind, namespace and name as in its ref, in lower case. */
const attributes = {
  kind: 'string',
  namespace: 'string',
  name: 'string',
  type: 'string',
  lifecycle: 'string',
} as const;

export const catalogPermissions: PermissionManifest = {
  'catalog:entity:read': {
    description: 'See entities and their relations',
    resource: 'entity',
    role: 'viewer',
    list: true,
    attributes,
  },
  'catalog:entity:create': { description: 'Write new entities by API', resource: 'entity', role: 'member' },
  'catalog:entity:update': { description: 'Change entities written by API', resource: 'entity', role: 'member' },
  'catalog:entity:delete': { description: 'Delete entities', resource: 'entity', role: 'admin', attributes },
  'catalog:entity:refresh': {
    description: 'Read the sources of an entity again',
    resource: 'entity',
    role: 'member',
    attributes,
  },
  'catalog:entity:validate': {
    description: 'Check documents without storing them',
    resource: 'entity',
    role: 'viewer',
  },
  'catalog:location:read': { description: 'See registered locations', resource: 'location', role: 'viewer' },
  'catalog:location:create': { description: 'Register locations', resource: 'location', role: 'member' },
  'catalog:location:update': { description: 'Point locations elsewhere', resource: 'location', role: 'member' },
  'catalog:location:delete': {
    description: 'Remove locations and what they describe',
    resource: 'location',
    role: 'admin',
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
