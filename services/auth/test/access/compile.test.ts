import { canonicalJson, digestOf, readHead, type AccessHead } from '@idp/auth';
import { newId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { accessChanged } from '../../src/access/changed.ts';
import { compileWhole } from '../../src/access/compile.ts';
import { insertMember } from '../../src/operations/add-member.ts';
import { createServiceAccount, deleteServiceAccount } from '../../src/operations/credentials/service-accounts.ts';
import { createTenant } from '../../src/operations/create-tenant.ts';
import { deleteProject } from '../../src/operations/organizations/change-project.ts';
import { deleteTeam, updateTeam } from '../../src/operations/organizations/change-team.ts';
import { createProject } from '../../src/operations/organizations/create-project.ts';
import { createTeam } from '../../src/operations/organizations/create-team.ts';
import { putTeamMember, removeTeamMember } from '../../src/operations/organizations/team-members.ts';
import { findAccessHead, listAccessShards } from '../../src/store/access/snapshot.ts';
import { deleteBindingsInScope, insertBinding } from '../../src/store/members/role-bindings.ts';
import type { Tables } from '../../src/store/tables.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';

// Tens of tenants with tens of writes each.
vi.setConfig({ testTimeout: 300_000 });

let auth: RunningAuth;
const userIds = Array.from({ length: 4 }, () => newId());

beforeAll(async () => {
  auth = await startAuth();
  for (const [index, id] of userIds.entries()) {
    await auth.sql.query(
      `insert into auth.users (id, email, email_norm, name, status, created_by, updated_by)
       values ($1, $2, $2, 'Somebody', 'active', 'test', 'test')`,
      [id, `somebody-${index}@access.test`],
    );
  }
});
afterAll(async () => auth[Symbol.asyncDispose]());

/** What exists in a tenant under test, in the order it was made. */
interface Made {
  tenantId: string;
  members: string[];
  teams: string[];
  projects: string[];
  accounts: string[];
}

type Step = (tx: Tx<Tables>, made: Made) => Promise<void>;

const any = { precondition: () => undefined };
const pick = (from: readonly string[], index: number): string | undefined => from[index % Math.max(1, from.length)];

function grant(member: number, at: number, isGiven: boolean): Step {
  return async (tx, made) => {
    const userId = pick(made.members, member);
    const teamId = pick(made.teams, at);
    if (userId === undefined) return;
    const principal = { type: 'user', id: userId } as const;
    const scope =
      teamId === undefined ? ({ type: 'tenant', id: tx.tenantId } as const) : ({ type: 'team', id: teamId } as const);
    await deleteBindingsInScope(tx, principal, scope);
    if (isGiven) {
      const more = { grantedBy: 'test', grantedVia: 'direct', reason: 'test', now: auth.clock() } as const;
      await insertBinding(tx, { id: newId(), principal, role: 'member', scope, ...more });
    }
    await accessChanged(tx, auth.ctx, { principals: [principal] });
  };
}

const index = fc.nat({ max: 7 });
const step: fc.Arbitrary<{ name: string; run: Step }> = fc.oneof(
  index.map((at) => ({
    name: `member ${at}`,
    async run(tx: Tx<Tables>, made: Made) {
      const id = userIds[at % userIds.length]!;
      if (made.members.includes(id)) return;
      const user = { id, email: 'somebody@access.test', name: 'Somebody' };
      await insertMember(tx, auth.ctx, { membershipId: newId(), user, role: 'member', reason: 'test' });
      made.members.push(id);
    },
  })),
  fc.tuple(index, index, fc.boolean()).map(([member, at, isGiven]) => ({
    name: `grant ${member} ${at} ${isGiven}`,
    run: grant(member, at, isGiven),
  })),
  index.map((at) => ({
    name: `team below ${at}`,
    async run(tx: Tx<Tables>, made: Made) {
      const parentId = at > 3 ? undefined : pick(made.teams, at);
      const team = await createTeam(tx, auth.ctx, { name: `Team ${newId()}`, parentId }).catch(() => undefined);
      if (team !== undefined) made.teams.push(team.id);
    },
  })),
  index.map((at) => ({
    name: `move ${at} up`,
    async run(tx: Tx<Tables>, made: Made) {
      const id = pick(made.teams, at);
      if (id !== undefined) await updateTeam(tx, auth.ctx, { id, ...any, change: { parentId: null } });
    },
  })),
  index.map((at) => ({
    name: `project of ${at}`,
    async run(tx: Tx<Tables>, made: Made) {
      const ownerTeamId = pick(made.teams, at);
      made.projects.push((await createProject(tx, auth.ctx, { name: `Project ${newId()}`, ownerTeamId })).id);
    },
  })),
  fc.tuple(index, index, fc.boolean()).map(([at, member, leads]) => ({
    name: `${member} into ${at}`,
    async run(tx: Tx<Tables>, made: Made) {
      const [teamId, userId] = [pick(made.teams, at), pick(made.members, member)];
      if (teamId === undefined || userId === undefined) return;
      await putTeamMember(tx, auth.ctx, { teamId, userId, role: leads ? 'maintainer' : 'member' });
    },
  })),
  fc.tuple(index, index).map(([at, member]) => ({
    name: `${member} out of ${at}`,
    async run(tx: Tx<Tables>, made: Made) {
      const [teamId, userId] = [pick(made.teams, at), pick(made.members, member)];
      if (teamId === undefined || userId === undefined) return;
      await removeTeamMember(tx, auth.ctx, { teamId, userId }).catch(() => undefined);
    },
  })),
  index.map((at) => ({
    name: `no team ${at}`,
    async run(tx: Tx<Tables>, made: Made) {
      const id = pick(made.teams, at);
      if (id === undefined) return;
      const isGone = await deleteTeam(tx, auth.ctx, { id, ...any }).then(
        () => true,
        () => false,
      );
      if (isGone) made.teams = made.teams.filter((team) => team !== id);
    },
  })),
  index.map((at) => ({
    name: `no project ${at}`,
    async run(tx: Tx<Tables>, made: Made) {
      const id = made.projects.splice(at % Math.max(1, made.projects.length), 1)[0];
      if (id !== undefined) await deleteProject(tx, auth.ctx, { id, ...any });
    },
  })),
  fc.boolean().map((isNew) => ({
    name: `account ${isNew}`,
    async run(tx: Tx<Tables>, made: Made) {
      const scope = { type: 'tenant', id: tx.tenantId } as const;
      const input = { name: `Account ${newId()}`, description: '', scope };
      if (isNew) made.accounts.push((await createServiceAccount(tx, auth.ctx, input)).id);
      else if (made.accounts.length > 0) await deleteServiceAccount(tx, auth.ctx, made.accounts.pop()!);
    },
  })),
  fc.boolean().map((isNew) => ({
    name: `role ${isNew}`,
    async run(tx: Tx<Tables>) {
      const id = newId();
      const name = `Role ${id}`;
      const stamps = { created_by: 'test', updated_by: 'test' };
      if (isNew) {
        await tx.db
          .insertInto('roles')
          .values({ id, name, name_norm: name, ...stamps })
          .execute();
        const rule = { role_id: id, position: 0, permission: 'auth:team:*', effect: 'allow' };
        await tx.db.insertInto('role_rules').values(rule).execute();
      } else await tx.db.deleteFrom('roles').execute();
      await accessChanged(tx, auth.ctx, { roles: true });
    },
  })),
  fc.boolean().map((isNew) => ({
    name: `policy ${isNew}`,
    async run(tx: Tx<Tables>) {
      const id = newId();
      const scope = { scope_type: 'tenant', scope_id: tx.tenantId, subjects: '"all"' };
      const rest = { effect: 'deny', permissions: ['auth:team:delete'], created_by: 'test', updated_by: 'test' };
      if (isNew) {
        const row = { id, name: `Policy ${id}`, name_norm: id, ...scope, ...rest };
        await tx.db.insertInto('policies').values(row).execute();
      } else await tx.db.deleteFrom('policies').execute();
      await accessChanged(tx, auth.ctx, { policies: true });
    },
  })),
);

test('what is compiled change by change is what all rows compile to', async () => {
  const keys = await auth.ctx.accessKeys.verifiers();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 20 }), async (steps) => {
      const slug = `access-${newId()}`;
      const { tenantId } = await createTenant(auth.ctx, { slug, name: slug });
      const made: Made = { tenantId, members: [], teams: [], projects: [], accounts: [] };
      const door = auth.ctx.database.tenant(tenantId);
      let version = 0;
      for (const { run } of steps) {
        // A step that is refused undoes itself alone.
        await door.write((tx) => tx.savepoint(() => run(tx, made)).catch(() => undefined), {
          global: true,
          unaudited: 'test',
        });
      }
      const { bodies, shards, signed } = await door.read(
        async (tx) => ({
          bodies: await compileWhole(tx),
          shards: await listAccessShards(tx),
          signed: await findAccessHead(tx),
        }),
        { global: true },
      );
      const whole = [...bodies].map(([name, body]): [string, string] => [name, canonicalJson(body)]);
      expect(Object.fromEntries(shards.map(({ name, text }) => [name, text]))).toEqual(Object.fromEntries(whole));
      const head: AccessHead | undefined = readHead(tenantId, signed!, keys);
      version = head!.version;
      const named = shards.map(({ name, version: at, text }) => [name, { version: at, sha256: digestOf(text) }]);
      expect(head!.shards).toEqual(Object.fromEntries(named));
      expect(auth.ctx.accessStore.version(tenantId)).toBe(version);
      expect(auth.ctx.accessStore.missing(tenantId)).toBeUndefined();
    }),
    { numRuns: 8 },
  );
});
