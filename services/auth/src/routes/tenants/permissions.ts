import type { PermissionManifest } from '@idp/auth';

/** The tenant itself. The people of the platform hold these in the platform tenant, and by them act on every tenant. */
export const tenantPermissions: PermissionManifest = {
  'auth:tenant:read': {
    description: 'See the tenant, its settings and its services',
    resource: 'tenant',
    role: 'viewer',
  },
  'auth:tenant:update': { description: 'Rename the tenant, change its settings', resource: 'tenant', role: 'admin' },
  'auth:tenant:delete': {
    description: 'Close the tenant for good',
    resource: 'tenant',
    role: 'owner',
    stepUp: { maxAgeSeconds: 300 },
  },
  'auth:tenant:create': {
    description: 'Make tenants; in the platform tenant alone',
    resource: 'tenant',
    role: 'owner',
  },
  'auth:tenant:suspend': {
    description: 'Stop, resume and restore tenants; in the platform tenant alone',
    resource: 'tenant',
    role: 'owner',
  },
};
