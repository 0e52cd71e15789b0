import type { PermissionManifest } from '@idp/auth';

/** Who may decide who may do what. */
export const accessPermissions: PermissionManifest = {
  'auth:role:read': { description: 'See roles', resource: 'role', role: 'viewer', list: true },
  'auth:role:manage': { description: 'Make, change and delete roles', resource: 'role', role: 'admin' },
  'auth:binding:read': {
    description: 'See who holds which role',
    resource: 'role-binding',
    role: 'admin',
    roles: ['auditor'],
    list: true,
  },
  'auth:binding:grant': { description: 'Give roles', resource: 'role-binding', role: 'admin' },
  'auth:binding:revoke': { description: 'Take roles away', resource: 'role-binding', role: 'admin' },
  'auth:policy:read': {
    description: 'See policies',
    resource: 'policy',
    role: 'admin',
    roles: ['auditor'],
    list: true,
  },
  'auth:policy:manage': { description: 'Make, change and delete policies', resource: 'policy', role: 'owner' },
  'auth:decision:check': {
    description: 'Ask what others may do',
    resource: 'decision',
    role: 'admin',
    roles: ['auditor'],
  },
  'auth:decision:explain': {
    description: 'See the values that conditions were decided by',
    resource: 'decision',
    role: 'admin',
    roles: ['auditor'],
  },
};
