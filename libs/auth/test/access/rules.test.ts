import { platformTenantId } from '@idp/contracts';
import { expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import type { BindingRecord, DecisionRequest, PolicyRecord, RuleRecord } from '../../src/decision/model.ts';
import { explain } from '../../src/decision/questions/explain.ts';
import type { TenantRows } from '../../src/snapshot/rows.ts';
import { emptyRows, worldOf } from './compile.ts';
import { ids } from './tenants.ts';

const now = 1_500;
const [user, organization, team, project] = [ids.user(0), ids.organization(0), ids.team(0), ids.project(0)];
const wholeTenant = { scopeType: 'tenant' as const, scopeId: ids.tenant };
const binding: BindingRecord = { id: ids.binding(0), roleId: ids.role(0), ...wholeTenant, startsAt: 0 };
const read = 'catalog:entity:read';

/** One member with one role of these rules in the whole tenant. */
function tenant(rules: RuleRecord[], changes: Partial<TenantRows> = {}): TenantRows {
  return {
    ...emptyRows(ids.tenant),
    members: [{ userId: user, status: 'active' }],
    organizations: [{ id: organization }],
    teams: [{ id: team, organizationId: organization }],
    projects: [{ id: project, organizationId: organization, ownerTeamId: team }],
    roles: [{ id: ids.role(0), name: 'role', rules }],
    bindings: [{ ...binding, principalType: 'user', principalId: user }],
    ...changes,
  };
}

function request(changes: Partial<DecisionRequest> = {}): DecisionRequest {
  return {
    principal: { type: 'user', id: user, tenantId: ids.tenant },
    permission: read,
    resource: { type: 'entity', attributes: {} },
    ...changes,
  };
}

const allow: RuleRecord = { permission: read, effect: 'allow' };
const reasonIn = (rows: TenantRows, asked: DecisionRequest = request(), at = now): string =>
  decide(worldOf(rows), asked, at).reason;

test.each([
  ['an erroring allow does not allow', [{ ...allow, condition: 'resource.kind == "x"' }], 'not-granted'],
  ['an erroring deny denies', [allow, { ...allow, effect: 'deny', condition: 'resource.kind == "x"' }], 'denied'],
  [
    'a deny whose condition is false does not',
    [allow, { ...allow, effect: 'deny', condition: '!has(resource.id) && false' }],
    'allowed',
  ],
  ['a true deny denies', [allow, { ...allow, effect: 'deny', condition: '!has(resource.kind)' }], 'denied'],
  ['an error beside true allows', [{ ...allow, condition: 'resource.open || true' }], 'allowed'],
  ['deny beats allow in any order', [{ ...allow, effect: 'deny' }, allow], 'denied'],
  ['a pattern of another service is none', [{ ...allow, permission: 'catalogue:*' }], 'not-granted'],
  ['a beginning without * is no pattern', [{ ...allow, permission: 'catalog:entity' }], 'not-granted'],
  [
    'a condition that does not compile any more allows nothing',
    [{ ...allow, condition: 'resource.gone == 1' }],
    'not-granted',
  ],
  ['and denies', [allow, { ...allow, effect: 'deny', condition: 'resource.gone == 1' }], 'denied'],
] as [string, RuleRecord[], string][])('%s', (_name, rules, reason) => {
  expect(reasonIn(tenant(rules))).toBe(reason);
});

test('an attribute that came as a prototype is missing', () => {
  const attributes = JSON.parse('{"__proto__": {"kind": "Component"}}') as Record<string, unknown>;
  const asked = request({ resource: { type: 'entity', attributes } });
  expect(reasonIn(tenant([{ ...allow, condition: 'has(resource.kind)' }]), asked)).toBe('not-granted');
});

test('a binding counts from its first millisecond and no longer at its last', () => {
  const rows = tenant([allow], {
    bindings: [{ ...binding, principalType: 'user', principalId: user, startsAt: 1_000, expiresAt: 2_000 }],
  });
  const at = (moment: number): string => reasonIn(rows, request(), moment);
  expect([at(999), at(1_000), at(1_999), at(2_000)]).toEqual(['not-granted', 'allowed', 'allowed', 'not-granted']);
});

test('who is suspended, unknown or elsewhere may nothing, whatever is bound', () => {
  const rows = tenant([{ permission: '*', effect: 'allow' }]);
  expect(reasonIn({ ...rows, tenant: { status: 'suspended' } })).toBe('suspended');
  expect(reasonIn({ ...rows, tenant: { status: 'deleting' } })).toBe('suspended');
  expect(reasonIn({ ...rows, members: [{ userId: user, status: 'suspended' }] })).toBe('suspended');
  expect(reasonIn({ ...rows, members: [] })).toBe('unknown-principal');
  const other = ids.organization(7);
  expect(reasonIn(rows, request({ principal: { type: 'user', id: user, tenantId: other } }))).toBe('foreign-tenant');
  expect(reasonIn(rows, request({ resource: { type: 'entity', tenantId: other } }))).toBe('foreign-tenant');
  // A binding of a user is none of a service account that has the same id.
  expect(reasonIn(rows, request({ principal: { type: 'service', id: user, tenantId: ids.tenant } }))).toBe(
    'unknown-principal',
  );
});

test('a guard rail for all does not make somebody a member', () => {
  const rail: PolicyRecord = {
    id: ids.policy(0),
    name: 'everybody reads',
    effect: 'allow',
    permissions: ['*'],
    subjects: 'all',
    ...wholeTenant,
  };
  expect(reasonIn(tenant([], { policies: [rail] }))).toBe('allowed');
  expect(reasonIn(tenant([], { policies: [rail], members: [] }))).toBe('unknown-principal');
});

test('service accounts hold what is bound to them', () => {
  const account = ids.user(5);
  const rows = tenant([allow], {
    serviceAccounts: [{ id: account, status: 'active' }],
    bindings: [{ ...binding, principalType: 'service-account', principalId: account }],
  });
  const asked = request({ principal: { type: 'service', id: account, tenantId: ids.tenant } });
  expect(reasonIn(rows, asked)).toBe('allowed');
  expect(reasonIn(rows)).toBe('not-granted');
});

test('scope of the token, scopes of the key and the acting service bound what is allowed', () => {
  const platform: TenantRows = {
    ...emptyRows(platformTenantId),
    services: [{ id: 'service:catalog', permissions: ['catalog:*'] }],
  };
  const world = worldOf(tenant([allow]), platform);
  const reason = (bounds: Partial<DecisionRequest['principal']>): string =>
    decide(world, request({ principal: { ...request().principal, ...bounds } }), now).reason;
  expect(reason({ scope: 'auth:* catalog:entity:read' })).toBe('allowed');
  expect(reason({ scope: 'auth:*' })).toBe('outside-scope');
  expect(reason({ keyScopes: ['catalog:*'] })).toBe('allowed');
  expect(reason({ keyScopes: [] })).toBe('outside-scope');
  expect(reason({ keyScopes: ['catalog:*'], scope: 'auth:*' })).toBe('outside-scope');
  expect(reason({ actingService: 'service:catalog' })).toBe('allowed');
  expect(reason({ actingService: 'service:soundcheck' })).toBe('acting-service');
});

test('a service of the platform may what it declares, in every tenant that is active', () => {
  const platform: TenantRows = {
    ...emptyRows(platformTenantId),
    services: [{ id: 'service:catalog', permissions: ['catalog:entity:*'] }],
  };
  const asked = (permission: string): DecisionRequest => ({
    principal: { type: 'service', id: 'service:catalog', tenantId: ids.tenant },
    permission,
  });
  const world = worldOf(tenant([]), platform);
  expect(decide(world, asked(read), now).reason).toBe('allowed');
  expect(decide(world, asked('catalog:location:read'), now).reason).toBe('not-granted');
  const user = { ...asked(read), principal: { ...asked(read).principal, type: 'user' as const } };
  expect(decide(world, user, now).reason).toBe('unknown-principal');
  const suspended = worldOf({ ...tenant([]), tenant: { status: 'suspended' } }, platform);
  expect(decide(suspended, asked(read), now).reason).toBe('suspended');
});

test('system roles come from the platform tenant; those of the platform alone mean nothing elsewhere', () => {
  const platform: TenantRows = {
    ...emptyRows(platformTenantId),
    roles: [
      { id: 'viewer', name: 'Viewer', rules: [allow] },
      { id: 'platform-admin', name: 'Platform', rules: [{ permission: '*', effect: 'allow' }], platformOnly: true },
    ],
  };
  const bound = (roleId: string, more: Partial<TenantRows> = {}): string =>
    decide(
      worldOf(
        tenant([], { bindings: [{ ...binding, roleId, principalType: 'user', principalId: user }], ...more }),
        platform,
      ),
      request(),
      now,
    ).reason;
  expect(bound('viewer')).toBe('allowed');
  expect(bound('platform-admin')).toBe('not-granted');
  expect(bound('nobody-made-this')).toBe('not-granted');
  // A role of the tenant inherits from a system role, and cannot take the place of one.
  const own = { id: ids.role(0), name: 'own', rules: [], parentRoleIds: ['viewer'] };
  expect(bound(ids.role(0), { roles: [own] })).toBe('allowed');
  const impostor = { id: 'viewer', name: 'viewer', rules: [{ permission: '*', effect: 'allow' as const }] };
  expect(
    decide(
      worldOf(
        tenant([], {
          roles: [impostor],
          bindings: [{ ...binding, roleId: 'viewer', principalType: 'user', principalId: user }],
        }),
        platform,
      ),
      request({ permission: 'auth:role:manage' }),
      now,
    ).reason,
  ).toBe('not-granted');
});

test('where a scope is not known, allows of the whole tenant count and every narrower deny does', () => {
  const unknown = request({ resource: { type: 'entity', scope: { projectId: ids.project(9) } } });
  expect(reasonIn(tenant([allow]), unknown)).toBe('allowed');
  const narrow = { ...binding, scopeType: 'project' as const, scopeId: ids.project(9) };
  expect(
    reasonIn(tenant([allow], { bindings: [{ ...narrow, principalType: 'user', principalId: user }] }), unknown),
  ).toBe('not-granted');
  const rail: PolicyRecord = {
    id: ids.policy(0),
    name: 'frozen',
    effect: 'deny',
    permissions: [read],
    subjects: 'all',
    scopeType: 'organization',
    scopeId: organization,
  };
  expect(reasonIn(tenant([allow], { policies: [rail] }), unknown)).toBe('denied');
  // A project is no team, even where somebody says so.
  const mistaken = request({ resource: { type: 'entity', scope: { teamId: project } } });
  expect(reasonIn(tenant([allow], { policies: [rail] }), mistaken)).toBe('denied');
});

test('the explanation names the missing attribute, the role path and the scope', () => {
  const rows = tenant([], {
    roles: [
      { id: ids.role(0), name: 'bound', rules: [], parentRoleIds: [ids.role(1)] },
      { id: ids.role(1), name: 'parent', rules: [{ ...allow, condition: 'resource.kind == "x"' }] },
    ],
    teamMembers: [{ teamId: team, userId: user }],
    bindings: [
      { ...binding, scopeType: 'team', scopeId: team, principalType: 'team', principalId: team, expiresAt: 9_000 },
    ],
  });
  const asked = request({ resource: { type: 'entity', scope: { projectId: project }, attributes: { level: 1 } } });
  const { allowed, reason, statements } = explain(worldOf(rows), asked, now);
  expect({ allowed, reason }).toEqual({ allowed: false, reason: 'not-granted' });
  expect(statements).toMatchObject([
    {
      effect: 'allow',
      counted: false,
      outcome: { fault: 'missing', attribute: 'resource.kind' },
      permissions: [read],
      scopeType: 'team',
      scopeId: team,
      binding: {
        id: ids.binding(0),
        heldBy: { type: 'team', id: team },
        rolePath: [ids.role(0), ids.role(1)],
        expiresAt: 9_000,
      },
      conditions: [{ of: 'rule', text: 'resource.kind == "x"', outcome: { attribute: 'resource.kind' } }],
    },
  ]);
});

test('a redacted explanation keeps the outcome of conditions and no value', () => {
  const rows = tenant([{ ...allow, condition: 'resource.kind == "x"' }]);
  const asked = request({ resource: { type: 'entity', attributes: { kind: 'very-secret' } } });
  expect(JSON.stringify(explain(worldOf(rows), asked, now))).toContain('very-secret');
  const redacted = explain(worldOf(rows), asked, now, { redact: true });
  expect(JSON.stringify(redacted)).not.toContain('very-secret');
  expect(redacted.statements[0]).toMatchObject({ outcome: false, conditions: [{ outcome: false }] });
});
