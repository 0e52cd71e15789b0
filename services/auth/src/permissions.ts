import type { PermissionManifest } from '@idp/auth';
import { accessPermissions } from './routes/access/permissions.ts';
import { credentialPermissions } from './routes/credentials/permissions.ts';
import { auditPermissions } from './routes/audit/permissions.ts';
import { tenantPermissions } from './routes/tenants/permissions.ts';

/** What auth lets be decided: each permission, and the lowest role that holds it. */
export const authPermissions: PermissionManifest = {
  ...accessPermissions,
  ...auditPermissions,
  ...credentialPermissions,
  ...tenantPermissions,
  'auth:organization:read': { description: 'See organizations', resource: 'organization', role: 'viewer', list: true },
  'auth:organization:create': { description: 'Create organizations', resource: 'organization', role: 'admin' },
  'auth:organization:update': { description: 'Change organizations', resource: 'organization', role: 'admin' },
  'auth:organization:delete': { description: 'Delete organizations', resource: 'organization', role: 'owner' },
  'auth:team:read': { description: 'See teams and who is in them', resource: 'team', role: 'viewer', list: true },
  'auth:team:create': { description: 'Create teams', resource: 'team', role: 'admin' },
  'auth:team:update': { description: 'Change and move teams', resource: 'team', role: 'admin' },
  'auth:team:delete': { description: 'Delete teams', resource: 'team', role: 'admin' },
  'auth:team-member:manage': { description: 'Decide who is in a team', resource: 'team', role: 'admin' },
  'auth:project:read': { description: 'See projects', resource: 'project', role: 'viewer', list: true },
  'auth:project:create': { description: 'Create projects', resource: 'project', role: 'admin' },
  'auth:project:update': { description: 'Change projects and their owners', resource: 'project', role: 'admin' },
  'auth:project:delete': { description: 'Delete projects', resource: 'project', role: 'admin' },
  'auth:member:read': {
    description: 'See who belongs to an organization',
    resource: 'user',
    role: 'viewer',
    list: true,
  },
  'auth:member:manage': { description: 'Decide who belongs to an organization', resource: 'user', role: 'admin' },
  'auth:user:read': { description: 'See the people of the tenant', resource: 'user', role: 'viewer', list: true },
  'auth:user:manage': { description: 'Change, suspend and remove people', resource: 'user', role: 'admin' },
};
