import type { PermissionManifest } from '@idp/auth';

/** What auth lets be decided: each permission, and the lowest role that holds it. */
export const authPermissions: PermissionManifest = {};
