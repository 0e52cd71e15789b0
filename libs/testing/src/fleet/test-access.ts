import {
  compileTenant,
  createAccessStore,
  createConditionCompiler,
  decide,
  sealShards,
  systemRoleRecords,
  type AccessPort,
  type BindingRow,
  type PermissionManifest,
  type SealedTenant,
  type TenantRows,
} from '@idp/auth';
import { platformTenantId } from '@idp/contracts';

/** Where a role counts; absent = in all of the tenant. */
export type TestScope = Pick<BindingRow, 'scopeType' | 'scopeId'>;

/** The access snapshot of a test. */
export interface TestAccess {
  port: AccessPort;
  /** From now on; a role before it is taken away. */
  grant(tenantId: string, userId: string, role: string, scope?: TestScope): void;
  /** What else there is in a tenant from now on: its teams, policies and so on. */
  place(tenantId: string, rows: Partial<TenantRows>): void;
  /** A tenant whole, as auth would publish it. */
  sealed(tenantId: string): SealedTenant;
}

interface Held {
  role: string;
  scope?: TestScope;
}

/** `everywhere` names people who are in every tenant there is a question about, with their roles. */
export function createTestAccess(
  manifests: readonly PermissionManifest[],
  everywhere: Readonly<Record<string, string>> = {},
): TestAccess {
  const listeners: ((tenantId: string, version: number) => void)[] = [];
  const store = createAccessStore({
    compile: createConditionCompiler(manifests).compile,
    onAdvanced: (tenantId, version) => listeners.forEach((hear) => hear(tenantId, version)),
  });
  const people = new Map<string, Map<string, Held>>();
  const placed = new Map<string, Partial<TenantRows>>();
  const tenants = new Map<string, SealedTenant>();

  function publish(tenantId: string): void {
    const version = (store.version(tenantId) ?? 0) + 1;
    const sealed = sealShards(compileTenant(rowsOf(tenantId)), { tenantId, version });
    tenants.set(tenantId, sealed);
    for (const shard of sealed.changed) store.putShard(tenantId, shard);
    store.putHead(sealed.head);
  }

  function rowsOf(tenantId: string): TenantRows {
    const all = Object.entries(everywhere).map(([userId, role]) => [userId, { role }] as const);
    const here: (readonly [string, Held])[] = [...all, ...(people.get(tenantId) ?? [])];
    return {
      tenantId,
      tenant: { status: 'active' },
      members: here.map(([userId]) => ({ userId, status: 'active' })),
      bindings: here.map(([principalId, { role, scope }]) => ({
        id: `binding of ${principalId}`,
        principalType: 'user',
        principalId,
        roleId: role,
        ...(scope ?? { scopeType: 'tenant' as const, scopeId: tenantId }),
        startsAt: 0,
      })),
      roles: tenantId === platformTenantId ? systemRoleRecords(manifests) : [],
      serviceAccounts: [],
      organizations: [],
      teams: [],
      projects: [],
      teamMembers: [],
      policies: [],
      ...placed.get(tenantId),
    };
  }

  publish(platformTenantId);
  return {
    port: {
      world: (tenantId) => store.world(tenantId),
      onAdvanced: (listener) => void listeners.push(listener),
      async check(request) {
        const world = store.world(request.principal.tenantId);
        if (world === undefined) throw new Error('the tenant is not known');
        return decide(world, request, Date.now());
      },
      async load(tenantId) {
        if (store.version(tenantId) === undefined) publish(tenantId);
      },
    },
    grant(tenantId, userId, role, scope) {
      const here = people.get(tenantId) ?? new Map<string, Held>();
      people.set(tenantId, here.set(userId, { role, ...(scope !== undefined && { scope }) }));
      publish(tenantId);
    },
    place(tenantId, rows) {
      placed.set(tenantId, { ...placed.get(tenantId), ...rows });
      publish(tenantId);
    },
    sealed(tenantId) {
      if (!tenants.has(tenantId)) publish(tenantId);
      return tenants.get(tenantId)!;
    },
  };
}
