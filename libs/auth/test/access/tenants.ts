import fc from 'fast-check';
import type { Effect, ResourceScope, ScopeType, TenantRecord } from '../../src/decision/model.ts';
import { acrs, attributesOf, type Attributes, type Term } from './expressions.ts';

/** A made-up tenant as somebody would draw it, with conditions as trees; `rowsOf` turns it into rows. */
export interface Company {
  status: TenantRecord['status'];
  teams: { parent: number | undefined; organization: number }[];
  projects: { team: number | undefined; organization: number }[];
  users: { suspended: boolean; teams: number[] }[];
  roles: { parents: number[]; rules: Rule[] }[];
  bindings: Binding[];
  policies: Policy[];
}

export interface Rule {
  permission: string;
  effect: Effect;
  condition: Term | undefined;
}

export interface Binding {
  holder: { type: 'user' | 'team'; index: number };
  role: number;
  scope: Scope;
  startsAt: number;
  expiresAt: number | undefined;
  condition: Term | undefined;
}

export interface Policy {
  effect: Effect;
  permissions: string[];
  subjects: 'all' | { roles: number[]; teams: number[] };
  scope: Scope;
  condition: Term | undefined;
}

/** `index` counts within its type; the tenant has none. */
export interface Scope {
  type: ScopeType;
  index: number;
}

export interface Question {
  user: number;
  permission: string;
  scope: Scope;
  attributes: Attributes;
  acr: string | undefined;
  authAgeSeconds: number | undefined;
  now: number;
}

/** The model's own numbers: enough for every shape, few enough for statements to meet. */
const sizes = { organizations: 2, teams: 4, projects: 3, users: 3, roles: 4 };
export const organizationCount = sizes.organizations;
export const permissions = ['catalog:entity:read', 'catalog:entity:delete', 'catalog:location:read', 'auth:role:read'];
const patterns = [...permissions, 'catalog:*', 'catalog:entity:*', '*', 'cat*', 'catalog:entity'];

export const ids = {
  tenant: '0192f000-0000-7000-8000-000000000001',
  organization: (index: number) => id('a', index),
  team: (index: number) => id('b', index),
  project: (index: number) => id('c', index),
  user: (index: number) => id('d', index),
  role: (index: number) => id('e', index),
  binding: (index: number) => id('f', index),
  policy: (index: number) => id('9', index),
};
export const userIds = Array.from({ length: sizes.users }, (_, index) => ids.user(index));

function id(kind: string, index: number): string {
  return `0192f000-0000-7000-8${kind}00-${index.toString(16).padStart(12, '0')}`;
}

export function scopeId({ type, index }: Scope): string {
  return type === 'tenant' ? ids.tenant : ids[type](index);
}

export function resourceScope(scope: Scope): ResourceScope {
  if (scope.type === 'project') return { projectId: scopeId(scope) };
  if (scope.type === 'team') return { teamId: scopeId(scope) };
  return scope.type === 'organization' ? { organizationId: scopeId(scope) } : {};
}

const index = (size: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: size - 1 });
const perhaps = <T>(arbitrary: fc.Arbitrary<T>, freq: number): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq });
const effect = (denyWeight: number): fc.Arbitrary<Effect> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Effect>('allow') },
    { weight: denyWeight, arbitrary: fc.constant<Effect>('deny') },
  );

export const scope: fc.Arbitrary<Scope> = fc.oneof(
  fc.constant<Scope>({ type: 'tenant', index: 0 }),
  fc.record({ type: fc.constant('organization' as const), index: index(sizes.organizations) }),
  fc.record({ type: fc.constant('team' as const), index: index(sizes.teams) }),
  fc.record({ type: fc.constant('project' as const), index: index(sizes.projects) }),
);

/** Moments at which bindings begin and end, and one to each side of them. */
export const moments = [1_000, 2_000];
const now = fc.constantFrom(...moments.flatMap((moment) => [moment - 1, moment]));

export interface CompanyOptions {
  /** Conditions for statements of an effect; undefined makes none. */
  condition: ((effect: Effect) => fc.Arbitrary<Term>) | undefined;
  /** Suspended tenants and members, too. */
  suspended: boolean;
  policies: boolean;
}

export function company({ condition, suspended, policies }: CompanyOptions): fc.Arbitrary<Company> {
  const conditionFor = (of: Effect): fc.Arbitrary<Term | undefined> =>
    condition === undefined ? fc.constant(undefined) : perhaps(condition(of), 1);
  // A binding narrows rules of both effects: what is fit for a deny is fit for both.
  const anyCondition = conditionFor('deny');
  const rule = effect(1).chain((chosen) =>
    fc.record({
      permission: fc.constantFrom(...patterns),
      effect: fc.constant(chosen),
      condition: conditionFor(chosen),
    }),
  );
  const policy = effect(3).chain((chosen) =>
    fc.record({
      effect: fc.constant(chosen),
      permissions: fc.subarray(patterns, { minLength: 1, maxLength: 2 }),
      subjects: fc.oneof(
        fc.constant('all' as const),
        fc.record({
          roles: fc.uniqueArray(index(sizes.roles), { maxLength: 2 }),
          teams: fc.uniqueArray(index(sizes.teams), { maxLength: 1 }),
        }),
      ),
      scope,
      condition: conditionFor(chosen),
    }),
  );
  return fc
    .record({
      status: suspended
        ? fc.oneof(
            { weight: 19, arbitrary: fc.constant('active' as const) },
            { weight: 1, arbitrary: fc.constantFrom('suspended' as const, 'deleting' as const) },
          )
        : fc.constant('active' as const),
      teams: fc.array(fc.record({ parent: perhaps(index(sizes.teams), 2), organization: index(sizes.organizations) }), {
        minLength: sizes.teams,
        maxLength: sizes.teams,
      }),
      projects: fc.array(
        fc.record({ team: perhaps(index(sizes.teams), 3), organization: index(sizes.organizations) }),
        { minLength: sizes.projects, maxLength: sizes.projects },
      ),
      users: fc.array(
        fc.record({
          suspended: suspended ? fc.integer({ min: 0, max: 9 }).map((n) => n === 0) : fc.constant(false),
          teams: fc.uniqueArray(index(sizes.teams), { maxLength: 2 }),
        }),
        { minLength: sizes.users, maxLength: sizes.users },
      ),
      roles: fc.array(
        fc.record({
          parents: fc.uniqueArray(index(sizes.roles), { maxLength: 2 }),
          rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
        }),
        { minLength: sizes.roles, maxLength: sizes.roles },
      ),
      bindings: fc.array(
        fc.record({
          holder: fc.oneof(
            fc.record({ type: fc.constant('user' as const), index: index(sizes.users) }),
            fc.record({ type: fc.constant('team' as const), index: index(sizes.teams) }),
          ),
          role: index(sizes.roles),
          scope,
          startsAt: fc.constantFrom(0, moments[0]!),
          expiresAt: perhaps(fc.constant(moments[1]!), 1),
          condition: anyCondition,
        }),
        { minLength: 2, maxLength: 7 },
      ),
      policies: policies ? fc.array(policy, { maxLength: 3 }) : fc.constant<Policy[]>([]),
    })
    .map(tidy);
}

/** Teams lie in teams made before them and in the same organization; roles inherit from roles made before them. */
function tidy(drawn: Company): Company {
  const teams: Company['teams'] = [];
  for (const [at, { parent, organization }] of drawn.teams.entries()) {
    const above = parent !== undefined && parent < at ? parent : undefined;
    teams.push({ parent: above, organization: above === undefined ? organization : teams[above]!.organization });
  }
  return {
    ...drawn,
    teams,
    projects: drawn.projects.map(({ team, organization }) => ({
      team,
      organization: team === undefined ? organization : teams[team]!.organization,
    })),
    roles: drawn.roles.map(({ parents, rules }, at) => ({ rules, parents: parents.filter((parent) => parent < at) })),
  };
}

/** Which of what conditions look at is always given: attributes of the resource, facts about the caller. */
export interface QuestionOptions {
  attributes: 'all' | 'some';
  caller: 'all' | 'some';
}

export function question({ attributes, caller }: QuestionOptions): fc.Arbitrary<Question> {
  const perhapsMissing = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    caller === 'all' ? arbitrary : perhaps(arbitrary, 3);
  return fc.record({
    user: index(sizes.users),
    permission: fc.constantFrom(...permissions),
    scope,
    attributes: attributesOf(userIds, attributes === 'all'),
    acr: perhapsMissing(fc.constantFrom(...acrs)),
    authAgeSeconds: perhapsMissing(fc.constantFrom(5, 100, 1_000)),
    now,
  });
}
