import { platformTenantId } from '@idp/contracts';
import { UnavailableError } from '@idp/errors';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AccessPort } from '../../src/access-port.ts';
import type { PermissionManifest } from '../../src/access.ts';
import { decide, type Decision } from '../../src/decision/decide.ts';
import type { DecisionRequest } from '../../src/decision/model.ts';
import type { RequestFacts } from '../../src/enforcement/required-version.ts';
import { createAccess } from '../../src/enforcement/create-access.ts';
import type { Principal } from '../../src/principal.ts';
import { createAccessStore } from '../../src/snapshot/access-store.ts';
import type { BindingRow, TenantRows } from '../../src/snapshot/rows.ts';
import { systemRoleRecords } from '../../src/system-roles.ts';
import { emptyRows, publish, storeOptions, worldOf } from './compile.ts';

const manifest: PermissionManifest = {
  'demo:thing:read': { description: 'see', resource: 'thing', role: 'viewer', list: true },
  'demo:thing:create': { description: 'make', resource: 'thing', role: 'member' },
  'demo:secret:read': { description: 'look', resource: 'secret', role: 'viewer', sensitive: true },
};
const tenantId = '0192a3b4-5c6d-7e8f-9a0b-00000000000a';
const ada = '0192a3b4-5c6d-7e8f-9a0b-0000000000a1';
const bob = '0192a3b4-5c6d-7e8f-9a0b-0000000000b1';
const organization = '0192a3b4-5c6d-7e8f-9a0b-0000000000f1';
const team = '0192a3b4-5c6d-7e8f-9a0b-0000000000f2';
const platform: TenantRows = { ...emptyRows(platformTenantId), roles: systemRoleRecords([manifest]) };

/** Ada is viewer of the tenant, Bob of one team. */
function rows(roleOfAda = 'viewer'): TenantRows {
  const binding = (principalId: string, roleId: string): BindingRow => ({
    id: `b-${principalId}`,
    principalType: 'user',
    principalId,
    roleId,
    scopeType: 'tenant',
    scopeId: tenantId,
    startsAt: 0,
  });
  return {
    ...emptyRows(tenantId),
    members: [ada, bob].map((userId) => ({ userId, status: 'active' as const })),
    organizations: [{ id: organization }],
    teams: [{ id: team, organizationId: organization }],
    bindings: [binding(ada, roleOfAda), { ...binding(bob, 'viewer'), scopeType: 'team', scopeId: team }],
  };
}

function principal(changes: Partial<Principal> = {}): Principal {
  return {
    type: 'user',
    id: ada,
    tenantId,
    sessionId: 's',
    actor: `user:${ada}`,
    tokenId: 't',
    accessVersion: 1,
    authTime: 0,
    amr: ['pwd'],
    acr: 'idp:aal1',
    token: 'secret token',
    ...changes,
  };
}

/** A service with a store at version 1, and an auth service that knows `authoritative`. */
function service({ known = true }: { known?: boolean } = {}) {
  const listeners: ((tenantId: string, version: number) => void)[] = [];
  const store = createAccessStore({
    ...storeOptions(),
    onAdvanced: (of, version) => listeners.forEach((hear) => hear(of, version)),
  });
  publish(store, platform);
  if (known) publish(store, rows());
  const auth = { rows: rows(), version: 1, asked: [] as DecisionRequest[], loads: 0, isAway: false };
  let facts: RequestFacts = { mutates: false };
  let isStale = false;
  const away = (): void => {
    if (auth.isAway) throw new UnavailableError('away');
  };
  const port: AccessPort = {
    world: (of) => store.world(of),
    onAdvanced: (hear) => void listeners.push(hear),
    async check(request): Promise<Decision> {
      auth.asked.push(request);
      away();
      await new Promise((resolve) => setTimeout(resolve, 10));
      return { ...decide(worldOf(auth.rows, platform), request, Date.now()), version: auth.version };
    },
    async load() {
      auth.loads += 1;
      away();
      publish(store, auth.rows, auth.version);
    },
    isStale: () => isStale,
  };
  const access = createAccess({ port, manifest, clock: () => new Date(), request: () => facts });
  return {
    access,
    store,
    auth,
    during: (now: Partial<RequestFacts>) => void (facts = { ...facts, ...now }),
    losesAuth: () => void (isStale = true),
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what the snapshot says is decided without asking anybody', async () => {
  const { access, auth } = service();
  expect(await access.allows(principal(), 'demo:thing:read')).toBe(true);
  await expect(access.requirePermission(principal(), 'demo:thing:create')).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  });
  const narrow = principal({ scope: 'demo:thing:create' });
  await expect(access.requirePermission(narrow, 'demo:thing:read')).rejects.toMatchObject({
    code: 'INSUFFICIENT_SCOPE',
  });
  const foreign = { type: 'thing', tenantId: platformTenantId };
  expect(await access.allows(principal(), 'demo:thing:read', foreign)).toBe(false);
  expect(await access.allows(principal({ actingService: 'service:aika' }), 'demo:thing:read')).toBe(false);
  expect(auth).toMatchObject({ asked: [], loads: 0 });
});

test.each(['demo:unknown:read', 'toString', '__proto__', ''])(
  'permission %j outside the manifest is a bug',
  async (name) => {
    await expect(service().access.allows(principal(), name)).rejects.toThrow('not in the manifest');
  },
);

test('a credential made after a change is judged by it as soon as it arrives', async () => {
  const { access, store, auth } = service();
  const waiting = access.allows(principal({ accessVersion: 2 }), 'demo:thing:create');
  publish(store, rows('member'), 2);
  expect(await waiting).toBe(true);
  expect(auth.asked).toEqual([]);
});

test('a version that does not arrive is asked of auth, without the token', async () => {
  const { access, auth, during } = service();
  auth.rows = rows('member');
  auth.version = 5;
  during({ seenVersion: 5, ip: '192.0.2.1' });
  const asked = [access.allows(principal(), 'demo:thing:create'), access.allows(principal(), 'demo:thing:create')];
  await vi.advanceTimersByTimeAsync(260);
  expect(await Promise.all(asked)).toEqual([true, true]);
  expect(auth.asked).toHaveLength(1);
  expect(auth.asked[0]).toMatchObject({ context: { ip: '192.0.2.1', credential: 'session' } });
  expect(JSON.stringify(auth.asked)).not.toContain('secret token');
});

test('a version above any that exists is the fault of who names it, and asked about once in a second', async () => {
  const { access, auth, during } = service();
  const code = async (asker: Principal): Promise<unknown> => {
    const refused = access.allows(asker, 'demo:thing:read').then(
      () => 'allowed',
      (error: { code: string }) => error.code,
    );
    await vi.advanceTimersByTimeAsync(260);
    return refused;
  };
  expect(await code(principal({ accessVersion: 9 }))).toBe('INVALID_TOKEN');
  expect(await code(principal({ accessVersion: 9 }))).toBe('INVALID_TOKEN');
  expect(auth.asked).toHaveLength(1);
  expect(await code(principal({ accessVersion: 10, keyId: 'k' }))).toBe('INVALID_API_KEY');
  during({ seenVersion: 11 });
  expect(await code(principal())).toBe('VALIDATION_ERROR');
  expect(auth.asked).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(1_001);
  expect(await code(principal())).toBe('VALIDATION_ERROR');
  expect(auth.asked).toHaveLength(4);
});

test('without the version and without auth nothing is allowed', async () => {
  const { access, auth } = service();
  auth.isAway = true;
  const late = principal({ accessVersion: 2 });
  const refusals = [
    access.allows(late, 'demo:thing:read'),
    access.visibility(late, 'demo:thing:read', {}),
    access.rights(late, 'demo:thing:read'),
  ].map((refused) => expect(refused).rejects.toMatchObject({ code: 'AUTHZ_STALE', status: 503 }));
  await vi.advanceTimersByTimeAsync(260);
  await Promise.all(refusals);
});

test('an unknown tenant is loaded once for all who ask', async () => {
  const { access, auth } = service({ known: false });
  const asked = Array.from({ length: 10 }, () => access.allows(principal(), 'demo:thing:read'));
  expect(await Promise.all(asked)).toEqual(asked.map(() => true));
  expect(auth).toMatchObject({ loads: 1, asked: [] });
});

test('while nothing is heard of auth, changes and sensitive reads are asked of it and other reads go on', async () => {
  const { access, auth, during, losesAuth } = service();
  auth.rows = rows('member');
  losesAuth();
  expect(await access.allows(principal(), 'demo:thing:read')).toBe(true);
  expect(auth.asked).toEqual([]);
  const answered = async (permission: string): Promise<boolean> => {
    const answer = access.allows(principal(), permission);
    await vi.advanceTimersByTimeAsync(10);
    return answer;
  };
  expect(await answered('demo:secret:read')).toBe(true);
  during({ mutates: true });
  expect(await answered('demo:thing:create')).toBe(true);
  expect((await access.rights(principal(), 'demo:thing:create')).allows()).toBe(false);
  expect(auth).toMatchObject({ loads: 1 });
  expect(auth.asked).toHaveLength(2);
  auth.isAway = true;
  await expect(access.allows(principal(), 'demo:thing:create')).rejects.toMatchObject({ code: 'AUTHZ_STALE' });
});

test('rights in a part of the tenant count there', async () => {
  const { access } = service();
  const narrow = principal({ id: bob });
  const rights = await access.rights(narrow, 'demo:thing:read');
  expect(rights.somewhere).toBe(true);
  expect(rights.allows({ type: 'thing', scope: { teamId: team } })).toBe(true);
  expect(() => rights.require({ type: 'thing', scope: { organizationId: organization } })).toThrow('is required');
  expect(await access.allows(narrow, 'demo:thing:read')).toBe(false);
  expect((await access.rights(narrow, 'demo:thing:create')).somewhere).toBe(false);
});

test('lists show all, nothing, or the rows that are in scope', async () => {
  const { access } = service();
  const columns = { 'scope.teamId': { column: sql.ref('t.team_id'), type: 'uuid' as const } };
  expect(await access.visibility(principal(), 'demo:thing:read', columns)).toBe('all');
  expect(await access.visibility(principal(), 'demo:thing:create', columns)).toBe('none');
  expect(await access.visibility(principal({ id: bob }), 'demo:thing:read', columns)).toHaveProperty('where');
});
