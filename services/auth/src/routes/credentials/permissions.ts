import type { PermissionManifest } from '@idp/auth';

/** Sessions of others, keys of others, service accounts, keys of the platform. What is one's own needs none of it. */
export const credentialPermissions: PermissionManifest = {
  'auth:session:read': {
    description: 'See where people are signed in',
    resource: 'session',
    role: 'admin',
    list: true,
  },
  'auth:session:revoke': { description: 'Sign people out', resource: 'session', role: 'admin' },
  'auth:api-key:manage': { description: 'See and end API keys of others', resource: 'api-key', role: 'admin' },
  'auth:service-account:manage': {
    description: 'Decide about service accounts and their keys',
    resource: 'service-account',
    role: 'admin',
    list: true,
  },
  'auth:signing-key:manage': {
    description: 'Rotate and revoke the keys that sign tokens; in the platform tenant alone',
    resource: 'signing-key',
    role: 'owner',
  },
};
