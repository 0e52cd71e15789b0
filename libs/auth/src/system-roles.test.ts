import { expect, test } from 'vitest';
import type { PermissionManifest } from './access.ts';
import { createRoleIndex } from './decision/roles/role-index.ts';
import { compileRoles } from './snapshot/compile-tenant.ts';
import { systemRoleRecords } from './system-roles.ts';

const first: PermissionManifest = {
  'catalog:entity:read': { description: 'see', resource: 'entity', role: 'viewer', list: true },
  'catalog:entity:create': { description: 'write', resource: 'entity', role: 'member' },
};
const second: PermissionManifest = {
  'auth:audit:read': { description: 'look', resource: 'audit', role: 'admin', roles: ['auditor'] },
  'auth:tenant:delete': { description: 'end', resource: 'tenant', role: 'owner' },
};

const held: [string, string[]][] = [
  ['viewer', ['catalog:entity:read']],
  ['auditor', ['auth:audit:read', 'catalog:entity:read']],
  ['member', ['catalog:entity:create', 'catalog:entity:read']],
  ['developer', ['catalog:entity:create', 'catalog:entity:read']],
  ['team-maintainer', ['catalog:entity:create', 'catalog:entity:read']],
  ['tenant-admin', ['auth:audit:read', 'catalog:entity:create', 'catalog:entity:read']],
  ['project-admin', ['auth:audit:read', 'catalog:entity:create', 'catalog:entity:read']],
  ['organization-admin', ['auth:audit:read', 'catalog:entity:create', 'catalog:entity:read']],
  ['tenant-owner', ['auth:audit:read', 'auth:tenant:delete', 'catalog:entity:create', 'catalog:entity:read']],
  ['organization-owner', ['auth:audit:read', 'auth:tenant:delete', 'catalog:entity:create', 'catalog:entity:read']],
];

test.each(held)('%s holds what the manifests say', (role, permissions) => {
  const roles = createRoleIndex([compileRoles(systemRoleRecords([first, second]))], false);
  expect(
    roles
      .rules(role)
      .map(({ rule }) => rule.permission)
      .toSorted(),
  ).toEqual(permissions);
});

test('roles of the platform tenant exist there alone', () => {
  const shard = compileRoles(systemRoleRecords([first, second]));
  expect(createRoleIndex([shard], false).rules('platform-admin')).toEqual([]);
  expect(createRoleIndex([shard], true).rules('platform-admin')).toHaveLength(4);
  expect(createRoleIndex([shard], true).rules('platform-auditor')).toHaveLength(1);
});

test('an organization owner is no tenant owner: a policy about the one does not concern the other', () => {
  const roles = createRoleIndex([compileRoles(systemRoleRecords([first]))], false);
  expect(roles.includes('tenant-owner', 'viewer')).toBe(true);
  expect(roles.includes('organization-owner', 'tenant-owner')).toBe(false);
});

test('the order of the manifests changes nothing', () => {
  expect(systemRoleRecords([first, second])).toEqual(systemRoleRecords([second, first]));
});
