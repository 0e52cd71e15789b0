import type { DecisionContext, DecisionResource, Grant } from '@idp/auth';
import { id, name, text, timestamp } from '@idp/service';
import { z } from 'zod';
import type { Question } from '../../operations/access/question.ts';
import {
  condition,
  effect,
  grantMembers,
  holderType,
  newPolicySubjects,
  newRule,
  permissionPattern,
  roleId,
  scopeType,
} from './schemas.ts';

export const permissionName = () =>
  z
    .string()
    .max(200)
    .regex(/^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$/, 'must be <service>:<resource>:<action>')
    .meta({ examples: ['auth:team:read'] });

const attributeValue = z.union([
  z.boolean(),
  z.int(),
  text({ max: 4_096 }),
  z.array(z.union([z.int(), text({ max: 4_096 })])).max(200),
]);

const resource = z.strictObject({
  type: name({ max: 100 }),
  id: name({ max: 500 }).optional(),
  scope: z
    .strictObject({ projectId: id().optional(), teamId: id().optional(), organizationId: id().optional() })
    .optional()
    .meta({ description: 'The narrowest one given counts; none is the tenant' }),
  attributes: z.record(name({ max: 100 }), attributeValue).optional(),
});

const context = z.strictObject({
  ip: z.union([z.ipv4(), z.ipv6()]).optional(),
  authAgeSeconds: z.int().min(0).optional(),
  credential: name({ max: 50 }).optional(),
});

const principal = z
  .strictObject({
    type: z.enum(['user', 'service-account']),
    id: id(),
    acr: z.enum(['idp:aal1', 'idp:aal2', 'idp:phr']).optional(),
  })
  .meta({ description: 'Somebody else; needs `auth:decision:check`. Default: the caller' });

/** Members of a question about one permission. */
export const questionMembers = {
  permission: permissionName(),
  resource: resource.optional(),
  context: context.optional(),
  principal: principal.optional(),
};

export const subjectsQuestion = {
  permission: questionMembers.permission,
  resource: questionMembers.resource,
  context: questionMembers.context,
};

/** As the evaluator takes it. The schema makes no member that is present and undefined. */
export function questionOf(body: z.output<z.ZodObject<typeof questionMembers>>): Question {
  const { permission, principal: asked } = body;
  return { permission, principal: asked, ...partsOf(body) };
}

export function partsOf({ resource: about, context: call }: z.output<z.ZodObject<typeof subjectsQuestion>>) {
  return {
    ...(about !== undefined && { resource: about as DecisionResource }),
    ...(call !== undefined && { context: call as DecisionContext }),
  };
}

const { reason: _reason, orgId: _orgId, scope: _scope, ...overlayGrant } = grantMembers;
const many = <S extends z.ZodType>(schema: S) => z.array(schema).max(50).default([]);
const ids = z.array(id()).max(50).optional();

/** What would be different, for `evaluate`. */
export const overlay = z.strictObject({
  bindings: many(
    z.strictObject({
      id: id().optional().meta({ description: 'Of the binding it stands in for' }),
      principalType: holderType,
      principalId: id(),
      ...overlayGrant,
      scopeType: scopeType.default('tenant'),
    }),
  ),
  roles: many(
    z.strictObject({
      id: id(),
      rules: z.array(newRule).max(200).optional(),
      permissions: z.array(permissionPattern()).max(200).optional(),
      parentRoleIds: z.array(roleId()).max(20).default([]),
    }),
  ),
  policies: many(
    z.strictObject({
      id: id().optional(),
      name: name({ max: 100 }).default('what if'),
      effect: effect.default('deny'),
      permissions: z.array(permissionPattern()).min(1).max(100),
      subjects: newPolicySubjects.default('all'),
      scopeType: scopeType.default('tenant'),
      scopeId: id().optional(),
      condition: condition().optional(),
    }),
  ),
  without: z
    .strictObject({ bindings: ids, roles: ids, policies: ids })
    .default({})
    .meta({ description: 'Ids of what would be gone' }),
});

const fault = z.object({ fault: z.string(), message: z.string(), attribute: z.string().optional() });
const outcome = z.union([z.boolean(), fault]);

export const statement = z.object({
  effect,
  counted: z.boolean().meta({ description: 'Whether it had a part in the decision' }),
  outcome,
  permissions: z.array(z.string()),
  scopeType,
  scopeId: z.uuid(),
  conditions: z.array(
    z.object({
      of: z.enum(['binding', 'rule', 'policy']),
      text: z.string(),
      outcome,
      trace: z
        .record(z.string(), z.unknown())
        .optional()
        .meta({ description: 'Its parts with their values, `redacted` without `auth:decision:explain`' }),
    }),
  ),
  binding: z
    .object({
      id: z.string(),
      heldBy: z.object({ type: holderType, id: z.uuid() }),
      rolePath: z.array(z.string()),
      startsAt: timestamp(),
      expiresAt: timestamp().optional(),
    })
    .optional(),
  policy: z.object({ id: z.uuid(), name: z.string() }).optional(),
});

export const grant = z.object({
  scopeType,
  scopeId: z.uuid(),
  conditions: z.array(z.string()).meta({ description: 'CEL that must all hold' }),
  expiresAt: timestamp().optional(),
  source: z.object({
    kind: z.enum(['binding', 'policy']),
    bindingId: z.string().optional(),
    teamId: z.uuid().optional(),
    rolePath: z.array(z.string()).optional(),
    policyId: z.uuid().optional(),
  }),
});

/** Where a permission is held, and what takes a part of it away. */
export const scopes = { allowed: z.array(grant), except: z.array(grant) };

export function grantView({ scopeType: type, scopeId, conditions, expiresAt, source }: Grant): z.input<typeof grant> {
  return {
    scopeType: type,
    scopeId,
    conditions: [...conditions],
    ...(Number.isFinite(expiresAt) && { expiresAt: new Date(expiresAt).toISOString() }),
    source: 'rolePath' in source ? { ...source, rolePath: [...source.rolePath] } : source,
  };
}
