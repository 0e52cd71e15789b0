import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import { scopeHolds, type ScopeRef } from '../../src/decision/grants.ts';
import type { DecisionRequest } from '../../src/decision/model.ts';
import { counts } from '../../src/decision/outcome.ts';
import { overlayWorld, type Overlay } from '../../src/decision/overlay.ts';
import { grantedRules, missingForGrant } from '../../src/decision/questions/covers-grant.ts';
import { diffAccess } from '../../src/decision/questions/diff-access.ts';
import { effectivePermissions } from '../../src/decision/questions/effective-permissions.ts';
import { explain } from '../../src/decision/questions/explain.ts';
import { listSubjects } from '../../src/decision/questions/list-subjects.ts';
import { scopesOf } from '../../src/decision/questions/scopes-of.ts';
import type { World } from '../../src/decision/world.ts';
import type { TenantRows } from '../../src/snapshot/rows.ts';
import { requestOf, rowsOf, worldOf } from './compile.ts';
import { term } from './expressions.ts';
import { names } from './naive.ts';
import {
  company,
  ids,
  permissions,
  question,
  resourceScope,
  scopeId,
  userIds,
  type Company,
  type Question,
  type Scope,
} from './tenants.ts';

// Hundreds of tenants in each test: much for a machine that does other things as well.
vi.setConfig({ testTimeout: 120_000 });

const conditional = company({ condition: () => term(userIds), suspended: true, policies: true });
/** No conditions and nothing that begins or ends: what is said of scopes is exact. */
const plain = company({ condition: undefined, suspended: true, policies: true }).map((drawn): Company => ({
  ...drawn,
  bindings: drawn.bindings.map((binding) => ({ ...binding, startsAt: 0, expiresAt: undefined })),
}));
const questions = fc.array(question({ attributes: 'some', caller: 'some' }), { minLength: 12, maxLength: 12 });
const now = 1_500;
const scopes: Scope[] = [
  { type: 'tenant', index: 0 },
  ...[0, 1].map((index): Scope => ({ type: 'organization', index })),
  ...[0, 1, 2, 3].map((index): Scope => ({ type: 'team', index })),
  ...[0, 1, 2].map((index): Scope => ({ type: 'project', index })),
];
const refOf = (scope: Scope): ScopeRef => ({ scopeType: scope.type, scopeId: scopeId(scope) });
const may = (
  world: World,
  { principal }: Pick<DecisionRequest, 'principal'>,
  permission: string,
  scope: Scope,
): boolean =>
  decide(world, { principal, permission, resource: { type: 'entity', scope: resourceScope(scope) } }, now).allowed;
const member = (user: number) => ({ principal: { type: 'user' as const, id: ids.user(user), tenantId: ids.tenant } });

test('an explanation decides as the decision does, and its statements say why', () => {
  fc.assert(
    fc.property(conditional, questions, (drawn, all) => {
      const world = worldOf(rowsOf(drawn));
      for (const asked of all) {
        const { statements, ...decision } = explain(world, requestOf(asked), asked.now);
        expect(decision).toEqual(decide(world, requestOf(asked), asked.now));
        const counted = (effect: 'allow' | 'deny') => statements.some((one) => one.effect === effect && one.counted);
        expect(decision.allowed).toBe(counted('allow') && !counted('deny'));
        for (const { effect, outcome, counted: does } of statements) expect(does).toBe(counts(effect, outcome));
      }
    }),
    { numRuns: 100 },
  );
});

/** Two tenants that differ in bindings, roles and policies; the overlay makes the second of the first. */
function changed(rows: TenantRows, other: TenantRows): { rows: TenantRows; overlay: Overlay } {
  const kept = rows.bindings.slice(0, 1);
  const bindings = [...kept, ...other.bindings.slice(1)];
  const present = new Set(bindings.map(({ id }) => id));
  const [role, policies] = [other.roles[1]!, other.policies.slice(0, 1)];
  const { id, ...record } = role;
  return {
    rows: { ...rows, bindings, roles: rows.roles.map((one) => (one.id === id ? role : one)), policies },
    overlay: {
      bindings: other.bindings.slice(1),
      roles: { [id]: record },
      policies,
      without: {
        bindings: rows.bindings.map((binding) => binding.id).filter((binding) => !present.has(binding)),
        policies: rows.policies.map((policy) => policy.id),
      },
    },
  };
}

test('a world with an overlay decides as the tenant would with these rows', () => {
  fc.assert(
    fc.property(conditional, conditional, questions, (drawn, other, all) => {
      const { rows, overlay } = changed(rowsOf(drawn), rowsOf(other));
      const before = worldOf(rowsOf(drawn));
      const untouched = all.map((asked) => decide(before, requestOf(asked), asked.now));
      const [expected, actual] = [worldOf(rows), overlayWorld(before, overlay)];
      for (const asked of all) {
        expect(decide(actual, requestOf(asked), asked.now)).toEqual(decide(expected, requestOf(asked), asked.now));
      }
      // Nothing of it stays.
      expect(all.map((asked) => decide(before, requestOf(asked), asked.now))).toEqual(untouched);
    }),
    { numRuns: 100 },
  );
});

test('who may do it: everybody of whom a decision says so, page by page', () => {
  fc.assert(
    fc.property(conditional, questions, fc.integer({ min: 1, max: 3 }), (drawn, all, limit) => {
      const world = worldOf(rowsOf(drawn));
      for (const asked of all) {
        const { principal, ...request } = requestOf(asked);
        const expected = userIds.filter((id) => {
          const asking = { type: principal.type, id, tenantId: principal.tenantId };
          return decide(world, { ...request, principal: asking }, asked.now).allowed;
        });
        const found: string[] = [];
        for (let after: string | undefined = ''; after !== undefined;) {
          const page = listSubjects(world, request, asked.now, { ...(after !== '' && { after }), limit });
          expect(page.subjects.length).toBeLessThanOrEqual(limit);
          found.push(...page.subjects.map(({ id }) => id));
          after = page.next;
        }
        expect(found).toEqual(expected);
      }
    }),
    { numRuns: 100 },
  );
});

test('what somebody may do where: exactly the scopes in which decisions allow it', () => {
  fc.assert(
    fc.property(plain, (drawn) => {
      const world = worldOf(rowsOf(drawn));
      for (const user of userIds.keys()) {
        const listed = effectivePermissions(world, member(user).principal, permissions, now);
        for (const permission of permissions) {
          const { allowed, except } = scopesOf(world, member(user).principal, permission, now);
          expect(listed.find((one) => one.permission === permission)?.allowed ?? []).toEqual(allowed);
          for (const scope of scopes) {
            const reaches = (grants: readonly ScopeRef[]): boolean =>
              grants.some((grant) => scopeHolds(world, grant, refOf(scope)));
            expect(reaches(allowed) && !reaches(except)).toBe(may(world, member(user), permission, scope));
          }
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('a decision that allows rests on a scope that was listed', () => {
  fc.assert(
    fc.property(conditional, questions, (drawn, all) => {
      const world = worldOf(rowsOf(drawn));
      for (const asked of all) {
        const request = requestOf(asked);
        if (!decide(world, request, asked.now).allowed) continue;
        const { allowed } = scopesOf(world, request.principal, asked.permission, asked.now);
        expect(allowed.some((grant) => scopeHolds(world, grant, refOf(asked.scope)))).toBe(true);
      }
    }),
    { numRuns: 150 },
  );
});

function diffOf(drawn: Company, other: Company): { before: World; after: World; diff: ReturnType<typeof diffAccess> } {
  const { overlay } = changed(rowsOf(drawn), rowsOf(other));
  const before = worldOf(rowsOf(drawn));
  const after = overlayWorld(before, overlay);
  return { before, after, diff: diffAccess(before, after, { permissions, now, limit: 10_000 }) };
}

test('a dry run names every right that appears or disappears', () => {
  fc.assert(
    fc.property(conditional, conditional, questions, (drawn, other, all) => {
      const { before, after, diff } = diffOf(drawn, other);
      const named = (changes: (typeof diff)['gains'], { user, permission, scope }: Question): boolean =>
        changes.some(
          (change) =>
            change.subject.id === ids.user(user) &&
            change.permission === permission &&
            scopeHolds(before, change, refOf(scope)),
        );
      for (const asked of all) {
        const at = { ...asked, now };
        const had = decide(before, requestOf(at), now).allowed;
        const has = decide(after, requestOf(at), now).allowed;
        expect(has && !had && !named(diff.gains, at)).toBe(false);
        expect(had && !has && !named(diff.losses, at)).toBe(false);
      }
    }),
    { numRuns: 300 },
  );
});

test('a dry run names nothing that stays as it was', () => {
  fc.assert(
    fc.property(plain, plain, (drawn, other) => {
      const { before, after, diff } = diffOf(drawn, other);
      const scopeOf = (ref: ScopeRef): Scope => scopes.find((scope) => scopeId(scope) === ref.scopeId)!;
      for (const [changes, from, to] of [
        [diff.gains, before, after],
        [diff.losses, after, before],
      ] as const) {
        for (const { subject, permission, ...scope } of changes) {
          const asking = { principal: { type: 'user' as const, id: subject.id, tenantId: ids.tenant } };
          expect(may(from, asking, permission, scopeOf(scope))).toBe(false);
          // The tenant itself may be suspended, and then nobody may anything.
          expect(may(to, asking, permission, scopeOf(scope))).toBe(drawn.status === 'active');
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('nobody grants what a decision would refuse him anywhere in the scope', () => {
  const counted = { granted: 0, refused: 0 };
  fc.assert(
    fc.property(plain, (drawn) => {
      const world = worldOf(rowsOf(drawn));
      for (const user of userIds.keys()) {
        for (const [role] of drawn.roles.entries()) {
          const rules = grantedRules(world, ids.role(role)).filter(({ permission }) =>
            permissions.some((declared) => names(permission, declared)),
          );
          for (const scope of scopes) {
            const inside = scopes.filter((one) => scopeHolds(world, refOf(scope), refOf(one)));
            const given = permissions.filter((permission) =>
              rules.some((rule) => rule.effect === 'allow' && names(rule.permission, permission)),
            );
            const holdsAll = given.every((permission) =>
              inside.every((one) => may(world, member(user), permission, one)),
            );
            const missing = missingForGrant(world, member(user).principal, {
              rules,
              scope: refOf(scope),
              permissions,
              now,
            });
            expect(missing === undefined).toBe(holdsAll);
            if (given.length > 0) counted[holdsAll ? 'granted' : 'refused'] += 1;
          }
        }
      }
    }),
    { numRuns: 60 },
  );
  expect(Math.min(counted.granted, counted.refused)).toBeGreaterThan(20);
});
