import { platformTenantId } from '@idp/contracts';
import { expect, test } from 'vitest';
import { coversRole, isTenantRole, ownerRoleOf } from './tenant-roles.ts';

test.each([
  ['tenant-owner', 'tenant-owner', true],
  ['tenant-owner', 'organization-owner', true],
  ['tenant-admin', 'tenant-owner', false],
  ['tenant-admin', 'organization-owner', false],
  ['tenant-admin', 'organization-admin', true],
  ['member', 'tenant-admin', false],
  ['member', 'viewer', true],
  ['viewer', 'member', false],
  ['tenant-owner', 'constructor', false],
  ['tenant-owner', 'god', false],
] as const)('who holds %s covers %s: %s', (held, role, covers) => {
  expect(coversRole([held], role)).toBe(covers);
});

test('somebody without a role covers none', () => {
  expect(coversRole([], 'viewer')).toBe(false);
});

test('the platform tenant has its own roles and owner', () => {
  const other = '0192d6a0-0000-7000-8000-000000000001';
  expect([ownerRoleOf(platformTenantId), ownerRoleOf(other)]).toEqual(['platform-admin', 'tenant-owner']);
  expect(isTenantRole(platformTenantId, 'platform-auditor')).toBe(true);
  expect(isTenantRole(platformTenantId, 'tenant-owner')).toBe(false);
  expect(isTenantRole(other, 'platform-admin')).toBe(false);
  expect(isTenantRole(other, 'viewer')).toBe(true);
});
