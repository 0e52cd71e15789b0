import type { PermissionManifest } from '@idp/auth';

export const auditPermissions: PermissionManifest = {
  'auth:audit:read': { description: 'Read and verify the audit log', resource: 'audit', role: 'admin', list: true },
  'auth:audit:write': { description: 'Record what happened in other systems', resource: 'audit', role: 'admin' },
  'auth:audit:export': { description: 'Take the audit log away', resource: 'audit', role: 'admin', sensitive: true },
};
