import { id, text, timestamp } from '@idp/service';
import { z } from 'zod';

export const scopeType = z.enum(['tenant', 'organization', 'team', 'project']);
export const holderType = z.enum(['user', 'team', 'service-account']);
export const effect = z.enum(['allow', 'deny']);

/** Id of a role of the tenant, or key of a system role. */
export const roleId = () =>
  z
    .union([id(), z.string().regex(/^[a-z](?:-?[a-z]+){0,30}$/, 'must be a UUID or the key of a system role')])
    .meta({ description: 'UUID of a role of the tenant, or key of a system role', examples: ['member'] });

export const pathOfRole = z.strictObject({ id: roleId() });

/** A permission, or the beginning of permissions and a final `*`. */
export const permissionPattern = () =>
  z
    .string()
    .max(200)
    .regex(/^(?:[a-z0-9:-]+\*?|\*)$/, 'must be a permission, or its beginning and a final *')
    .meta({ examples: ['auth:team:read'] });

export const condition = () => text({ min: 1, max: 4_096 }).meta({ description: 'CEL; see docs/services/auth.md' });

export const rule = z.object({ permission: z.string(), effect, condition: z.string().optional() });

export const newRule = z.strictObject({
  permission: permissionPattern(),
  effect: effect.default('allow'),
  condition: condition().optional(),
});

/** Asks what a change would do, instead of doing it. */
export const dryRun = {
  dryRun: z.boolean().default(false).meta({ description: 'Answer who would gain and lose what, and change nothing' }),
};

const accessChange = z.object({
  subject: z.object({ type: z.enum(['user', 'service-account']), id: z.uuid() }),
  permission: z.string(),
  scopeType,
  scopeId: z.uuid(),
  partly: z.boolean().meta({ description: 'Under a condition, or for a time' }),
});

/** Answer of a dry run. */
export const accessDiff = z.object({
  gains: z.array(accessChange),
  losses: z.array(accessChange),
  truncated: z.boolean().meta({ description: 'There is more: each list ends at 100' }),
});

export const binding = z.object({
  id: z.uuid(),
  principalType: holderType,
  principalId: z.uuid(),
  roleId: z.string(),
  scopeType,
  scopeId: z.uuid(),
  startsAt: timestamp(),
  expiresAt: timestamp().nullable(),
  condition: z.string().nullable(),
  grantedBy: z.string(),
  grantedVia: z.string(),
  reason: z.string().nullable(),
  version: z.int(),
  createdAt: timestamp(),
  updatedAt: timestamp(),
});

/** Where and when a role is to count. */
export const grantMembers = {
  roleId: roleId(),
  scopeType: scopeType.optional().meta({ description: 'Default: the tenant' }),
  scopeId: id().optional().meta({ description: 'May be left out for the whole tenant' }),
  orgId: id().optional().meta({ description: 'The organization, with `scope: org`' }),
  scope: z.enum(['org', 'project', 'team']).optional().meta({ description: 'Older form of `scopeType`' }),
  startsAt: timestamp().optional().meta({ description: 'Default: now' }),
  expiresAt: timestamp().optional(),
  condition: condition().optional(),
  reason: text({ max: 1_000 }).optional(),
};

export const policySubjects = z.union([
  z.literal('all'),
  z.object({ roleIds: z.array(z.string()).optional(), teamIds: z.array(z.uuid()).optional() }),
]);

export const newPolicySubjects = z.union([
  z.literal('all'),
  z
    .strictObject({ roleIds: z.array(roleId()).max(50).optional(), teamIds: z.array(id()).max(50).optional() })
    .refine(({ roleIds = [], teamIds = [] }) => roleIds.length + teamIds.length > 0, 'must name a role or a team'),
]);
