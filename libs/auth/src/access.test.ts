import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAccess, type PermissionManifest } from './access.ts';
import { scopeCovers } from './decision/bounds.ts';
import { systemRoles, type ManifestRole, type SystemRole } from './roles.ts';
import type { Principal } from './principal.ts';

const manifest: PermissionManifest = {
  'catalog:service:read': { description: 'See services', resource: 'service', role: 'viewer', list: true },
  'catalog:service:create': { description: 'Register services', resource: 'service', role: 'member' },
  'catalog:location:delete': { description: 'Remove locations', resource: 'location', role: 'admin' },
  'catalog:tenant:erase': { description: 'Erase everything', resource: 'tenant', role: 'owner' },
};
const permissions = Object.keys(manifest);
const needs: Record<ManifestRole, number> = { viewer: 0, member: 1, admin: 2, owner: 3 };

function principal(changes: Partial<Principal> = {}): Principal {
  return {
    type: 'user',
    id: 'u',
    tenantId: 'tenant-a',
    actor: 'user:u',
    tokenId: 't',
    accessVersion: 0,
    authTime: 0,
    amr: ['pwd'],
    acr: 'idp:aal1',
    token: 'token',
    ...changes,
  };
}

function accessOf(...roles: SystemRole[]) {
  return createAccess({ reader: { rolesOf: async () => roles }, manifest });
}

test('each role holds what the narrower ones hold and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.subarray([...systemRoles]), fc.constantFrom(...permissions), async (roles, permission) => {
      const widest = Math.max(-1, ...roles.map((role) => systemRoles.indexOf(role)));
      const expected = widest >= needs[manifest[permission]!.role];
      expect(await accessOf(...roles).allows(principal(), permission)).toBe(expected);
    }),
  );
});

test('a refusal is 403, without knowledge of roles an error, never an allow', async () => {
  await expect(accessOf('viewer').requirePermission(principal(), 'catalog:service:create')).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  });
  const failing = createAccess({ reader: { rolesOf: () => Promise.reject(new Error('away')) }, manifest });
  await expect(failing.allows(principal(), 'catalog:service:read')).rejects.toThrow('away');
});

test("another tenant's resource is denied to its owner elsewhere", async () => {
  const access = accessOf('tenant-owner');
  const foreign = { type: 'service', id: '1', tenantId: 'tenant-b' };
  expect(await access.allows(principal(), 'catalog:service:read', foreign)).toBe(false);
  expect(await access.allows(principal(), 'catalog:service:read', { ...foreign, tenantId: 'tenant-a' })).toBe(true);
});

test('a scope narrows, and says so', async () => {
  const access = accessOf('tenant-owner');
  const narrow = principal({ scope: 'catalog:service:read catalog:location:*' });
  expect(await access.allows(narrow, 'catalog:service:read')).toBe(true);
  expect(await access.allows(narrow, 'catalog:location:delete')).toBe(true);
  await expect(access.requirePermission(narrow, 'catalog:service:create')).rejects.toMatchObject({
    code: 'INSUFFICIENT_SCOPE',
  });
});

test('a service acting for a user holds nothing of its own yet', async () => {
  const acting = principal({ actingService: 'service:aika' });
  expect(await accessOf('tenant-owner').allows(acting, 'catalog:service:read')).toBe(false);
});

test('lists show all or nothing', async () => {
  expect(await accessOf('viewer').visibility(principal(), 'catalog:service:read', {})).toBe('all');
  expect(await accessOf().visibility(principal(), 'catalog:service:read', {})).toBe('none');
});

test.each(['catalog:unknown:read', 'toString', '__proto__', ''])(
  'permission %j outside the manifest is a bug',
  async (name) => {
    await expect(accessOf('tenant-owner').allows(principal(), name)).rejects.toThrow('not in the manifest');
  },
);

test('a scope covers by name or by a final star', () => {
  expect(scopeCovers(undefined, 'a:b:c')).toBe(true);
  expect(scopeCovers('', 'a:b:c')).toBe(false);
  expect(scopeCovers('a:b:c', 'a:b:c')).toBe(true);
  expect(scopeCovers('a:b', 'a:b:c')).toBe(false);
  expect(scopeCovers('a:*', 'a:b:c')).toBe(true);
  expect(scopeCovers('*', 'a:b:c')).toBe(true);
  expect(scopeCovers('b:*', 'a:b:c')).toBe(false);
});
