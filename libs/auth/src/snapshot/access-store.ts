import { platformTenantId } from '@idp/contracts';
import { createConditions, type CompileCondition } from '../decision/conditions.ts';
import { createRoleIndex, type RoleIndex } from '../decision/roles/role-index.ts';
import type { RoleShard } from '../decision/model.ts';
import type { World } from '../decision/world.ts';
import { createOriginCount } from './origin-count.ts';
import type { AccessHead, SealedShard } from './seal-shards.ts';
import { createTenantState, type ActiveTenant, type RejectReason, type TenantState } from './tenant-state.ts';

export interface AccessStoreOptions {
  compile: CompileCondition;
  /** A record was ignored: to be counted and, but for `version`, alarmed. */
  onRejected?: (record: { tenantId: string; reason: RejectReason; shard?: string }) => void;
  /** A newer head of the tenant decides from now on. */
  onAdvanced?: (tenantId: string, version: number) => void;
}

/** The compiled access snapshot of all tenants in memory. Records arrive in any order and any number of times. */
export interface AccessStore {
  /** Keeps a shard until a head names it. */
  putShard(tenantId: string, shard: SealedShard): void;
  /** `head` is known to be genuine: its signature has been verified. */
  putHead(head: AccessHead): void;
  /** The tenant as the newest complete head has it; undefined means not known, never nobody. */
  world(tenantId: string): World | undefined;
  version(tenantId: string): number | undefined;
  /** A newer head that waits, and for which shards; undefined where nothing is missing. */
  missing(tenantId: string): { version: number; shards: string[] } | undefined;
  /** Forgets a tenant that was purged: it is unknown again. */
  drop(tenantId: string): void;
  tenantIds(): string[];
  /** Whether any tenant has registered this origin. */
  hasOrigin(origin: string): boolean;
  /** Compiles conditions again where they are asked next: other attributes are declared now. */
  forgetConditions(): void;
}

interface MadeWorld {
  from: ActiveTenant;
  platform: ActiveTenant;
  world: World;
}

export function createAccessStore({ compile, onRejected, onAdvanced }: AccessStoreOptions): AccessStore {
  const conditions = createConditions(compile);
  const states = new Map<string, TenantState>();
  const worlds = new Map<string, MadeWorld>();
  const origins = createOriginCount();

  function stateOf(tenantId: string): TenantState {
    let state = states.get(tenantId);
    if (state === undefined) {
      state = createTenantState(tenantId, (reason, shard) =>
        onRejected?.({ tenantId, reason, ...(shard !== undefined && { shard }) }),
      );
      states.set(tenantId, state);
    }
    return state;
  }

  function advanced(tenantId: string, changed: boolean): void {
    const active = states.get(tenantId)?.active;
    if (!changed || active === undefined) return;
    origins.set(tenantId, active.parts.tenant.origins);
    onAdvanced?.(tenantId, active.head.version);
  }

  function makeWorld(tenantId: string, from: ActiveTenant, platform: ActiveTenant): World {
    const known = worlds.get(tenantId);
    if (known?.from === from && known.platform === platform) return known.world;
    const { tenant, people, scopes, policies, roles } = from.parts;
    const services = platform.parts.services;
    const world: World = {
      tenantId,
      version: from.head.version,
      tenant,
      people,
      scopes,
      policies,
      conditions,
      roles: rolesOf(tenantId, roles, platform.parts.roles, known),
      service: (id) => (Object.hasOwn(services, id) ? services[id] : undefined),
    };
    worlds.set(tenantId, { from, platform, world });
    return world;
  }

  return {
    putShard(tenantId, shard) {
      advanced(tenantId, stateOf(tenantId).takeShard(shard));
    },
    putHead(head) {
      advanced(head.tenantId, stateOf(head.tenantId).takeHead(head));
    },
    world(tenantId) {
      const from = states.get(tenantId)?.active;
      // System roles and services live in the platform tenant: without it nobody's rights are known.
      const platform = states.get(platformTenantId)?.active;
      return from === undefined || platform === undefined ? undefined : makeWorld(tenantId, from, platform);
    },
    version: (tenantId) => states.get(tenantId)?.active?.head.version,
    missing: (tenantId) => states.get(tenantId)?.missing(),
    drop(tenantId) {
      states.delete(tenantId);
      worlds.delete(tenantId);
      origins.set(tenantId, undefined);
    },
    hasOrigin: origins.has,
    forgetConditions: () => conditions.forget(),
    tenantIds: () => [...states].filter(([, { active }]) => active !== undefined).map(([tenantId]) => tenantId),
  };
}

/** What roles remember stays while neither the tenant's nor the platform's have changed. */
function rolesOf(tenantId: string, own: RoleShard, system: RoleShard, known: MadeWorld | undefined): RoleIndex {
  if (known !== undefined && known.from.parts.roles === own && known.platform.parts.roles === system) {
    return known.world.roles;
  }
  // System roles first: no role of a tenant can take the name of one.
  return createRoleIndex(own === system ? [system] : [system, own], tenantId === platformTenantId);
}
