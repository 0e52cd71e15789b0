import type { RoleShard, ScopeRecord, ServiceShard, SubjectType, TenantRecord } from '../decision/model.ts';
import { createPolicyIndex, type PolicyIndex } from '../decision/policy-index.ts';
import { createScopeIndex, type ScopeIndex } from '../decision/scope-index.ts';
import type { People, SubjectRef } from '../decision/world.ts';
import type { LoadedPrincipals, LoadedShards } from './read-shard.ts';
import { kindOfShard, partOf, type ShardKind } from './shard-names.ts';

/** The shards of one head put together. */
export interface TenantParts {
  tenant: TenantRecord;
  roles: RoleShard;
  policies: PolicyIndex;
  services: ServiceShard;
  people: People;
  scopes: ScopeIndex;
}

export type LoadedShard = LoadedShards[ShardKind];

const noPolicies = createPolicyIndex([]);
const noRoles: RoleShard = {};
const noServices: ServiceShard = {};

/** `before` gives its scopes where no shard of scopes has changed since: what they remember is dear to build. */
export function joinShards(
  tenantId: string,
  shards: ReadonlyMap<string, LoadedShard>,
  before?: { shards: ReadonlyMap<string, LoadedShard>; parts: TenantParts },
): TenantParts {
  const principals: LoadedPrincipals[] = [];
  const scopes: ReadonlyMap<string, ScopeRecord>[] = [];
  let sameScopes = before !== undefined && countScopes(before.shards) === countScopes(shards);
  for (const [name, shard] of shards) {
    const { kind, part } = kindOfShard(name)!;
    if (kind === 'principals') principals[part] = shard as LoadedPrincipals;
    if (kind !== 'scopes') continue;
    scopes[part] = shard as ReadonlyMap<string, ScopeRecord>;
    sameScopes &&= before?.shards.get(name) === shard;
  }
  return {
    tenant: shards.get('tenant') as TenantRecord,
    roles: (shards.get('roles') as RoleShard | undefined) ?? noRoles,
    policies: (shards.get('policies') as PolicyIndex | undefined) ?? noPolicies,
    services: (shards.get('services') as ServiceShard | undefined) ?? noServices,
    people: joinPeople(principals),
    scopes: sameScopes ? before!.parts.scopes : joinScopes(tenantId, scopes),
  };
}

function countScopes(shards: ReadonlyMap<string, LoadedShard>): number {
  let count = 0;
  for (const name of shards.keys()) if (name.startsWith('scopes-')) count += 1;
  return count;
}

function joinPeople(parts: readonly (LoadedPrincipals | undefined)[]): People {
  return {
    subject(type, id) {
      const part = parts[partOf(id)];
      return type === 'user' ? part?.users.get(id) : part?.accounts.get(id);
    },
    team: (id) => parts[partOf(id)]?.teams.get(id),
    *subjects() {
      for (const part of parts) {
        for (const [id, record] of part?.users ?? []) yield [subjectRef('user', id), record];
        for (const [id, record] of part?.accounts ?? []) yield [subjectRef('service-account', id), record];
      }
    },
  };
}

function subjectRef(type: SubjectType, id: string): SubjectRef {
  return { type, id };
}

function joinScopes(tenantId: string, parts: readonly (ReadonlyMap<string, ScopeRecord> | undefined)[]): ScopeIndex {
  return createScopeIndex({
    tenantId,
    find: (id) => parts[partOf(id)]?.get(id),
    *all() {
      for (const part of parts) if (part !== undefined) yield* part;
    },
  });
}
