import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { compileTenant } from '../../src/snapshot/compile-tenant.ts';
import type { TenantRows } from '../../src/snapshot/rows.ts';
import { canonicalJson, digestOf, nextVersion, sealShards } from '../../src/snapshot/seal-shards.ts';
import { kindOfShard, principalShard, scopeShard } from '../../src/snapshot/shard-names.ts';
import { rowsOf } from './compile.ts';
import { term } from './expressions.ts';
import { company, ids, userIds } from './tenants.ts';

// Hundreds of tenants in each test: much for a machine that does other things as well.
vi.setConfig({ testTimeout: 120_000 });

const companies = company({ condition: () => term(userIds), suspended: true, policies: true }).map(rowsOf);

test('equal rows in any order compile to the same bytes', () => {
  fc.assert(
    fc.property(companies, (rows) => {
      const backwards: TenantRows = {
        ...rows,
        members: rows.members.toReversed(),
        organizations: rows.organizations.toReversed(),
        teams: rows.teams.toReversed(),
        projects: rows.projects.toReversed(),
        teamMembers: rows.teamMembers.toReversed(),
        roles: rows.roles.toReversed(),
        bindings: rows.bindings.toReversed(),
        policies: rows.policies.toReversed(),
      };
      const sealed = sealShards(compileTenant(rows), { tenantId: ids.tenant, version: 5 });
      expect(sealShards(compileTenant(backwards), { tenantId: ids.tenant, version: 5 }).head).toEqual(sealed.head);
      for (const { name, text } of sealed.changed) {
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(sealed.head.shards[name]).toEqual({ version: 5, sha256: digestOf(text) });
        expect(kindOfShard(name)).toBeDefined();
      }
    }),
  );
});

test('a new version names the shards that changed anew, keeps the others and drops what is gone', () => {
  fc.assert(
    fc.property(companies, companies, (first, second) => {
      const before = sealShards(compileTenant(first), { tenantId: ids.tenant, version: 1 });
      const bodies = compileTenant(second);
      const after = sealShards(bodies, { tenantId: ids.tenant, version: 2, previous: before.head });
      expect(Object.keys(after.head.shards).toSorted()).toEqual([...bodies.keys()].toSorted());
      for (const [name, { version, sha256 }] of Object.entries(after.head.shards)) {
        const same = before.head.shards[name]?.sha256 === sha256;
        expect(version).toBe(same ? 1 : 2);
        expect(after.changed.some((shard) => shard.name === name)).toBe(!same);
      }
      expect(after.removed).toEqual(Object.keys(before.head.shards).filter((name) => !bodies.has(name)));
    }),
  );
});

test('a write of one member changes one shard of principals', () => {
  const [rows] = fc.sample(companies, { numRuns: 1, seed: 7 });
  const before = sealShards(compileTenant(rows!), { tenantId: ids.tenant, version: 1 });
  const name = principalShard(userIds[0]!);
  const suspended = { userId: userIds[0]!, status: 'suspended' as const };
  const members = [suspended, ...rows!.members.slice(1)];
  const changed: TenantRows = { ...rows!, members, bindings: rows!.bindings.filter(({ id }) => id !== 'none') };
  const body = compileTenant(changed).get(name)!;
  const after = sealShards(new Map([[name, body]]), {
    tenantId: ids.tenant,
    version: 2,
    previous: before.head,
    only: new Set([name]),
  });
  const whole = sealShards(compileTenant(changed), { tenantId: ids.tenant, version: 2, previous: before.head });
  expect(after).toEqual(whole);
  expect(after.changed.map((shard) => shard.name)).toEqual(rows!.members[0]!.status === 'suspended' ? [] : [name]);
});

test('what belongs to nobody is not published', () => {
  const [rows] = fc.sample(companies, { numRuns: 1, seed: 7 });
  const nobody = '0192f000-0000-7000-8000-00000000dead';
  const shards = compileTenant({
    ...rows!,
    teamMembers: [{ teamId: ids.team(0), userId: nobody }],
    bindings: [{ ...rows!.bindings[0]!, principalType: 'user', principalId: nobody }],
  });
  expect(JSON.stringify([...shards])).not.toContain(nobody);
});

test('ids are spread over 256 parts, and always the same one', () => {
  const parts = new Set(Array.from({ length: 5_000 }, (_, at) => principalShard(ids.user(at))));
  expect(parts.size).toBe(256);
  expect(principalShard('0192f000-0000-7000-8d00-000000000000')).toBe('principals-09');
  expect(scopeShard('0192f000-0000-7000-8d00-000000000000')).toBe('scopes-09');
});

test.each(['principals-100', 'principals-', 'scopes-FF', 'roles-00', '__proto__', 'tenant '])(
  'no shard is called "%s"',
  (name) => expect(kindOfShard(name)).toBeUndefined(),
);

test('a version follows the clock and never goes back', () => {
  expect(nextVersion(0, 1_700_000_000_000.7)).toBe(1_700_000_000_000);
  expect(nextVersion(1_700_000_000_005, 1_700_000_000_000)).toBe(1_700_000_000_006);
});
