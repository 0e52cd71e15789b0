import type {
  BindingRecord,
  PolicyShard,
  PrincipalRecord,
  PrincipalShard,
  RoleShard,
  ScopeRecord,
  ScopeShard,
  ServiceShard,
  TeamRecord,
  TenantRecord,
} from '../decision/model.ts';
import { createPolicyIndex, type PolicyIndex } from '../decision/policy-index.ts';
import type { ShardKind } from './shard-names.ts';

export interface LoadedPrincipals {
  users: ReadonlyMap<string, PrincipalRecord>;
  accounts: ReadonlyMap<string, PrincipalRecord>;
  teams: ReadonlyMap<string, TeamRecord>;
}

/** The content of a shard, ready to be asked. */
export interface LoadedShards {
  tenant: TenantRecord;
  roles: RoleShard;
  policies: PolicyIndex;
  services: ServiceShard;
  principals: LoadedPrincipals;
  scopes: ReadonlyMap<string, ScopeRecord>;
}

/** One copy of every text that many records repeat: role, scope and team ids. */
export type Intern = (text: string) => string;

export function createIntern(): Intern {
  const texts = new Map<string, string>();
  return (text) => {
    const known = texts.get(text);
    if (known !== undefined) return known;
    texts.set(text, text);
    return text;
  };
}

/** Reads a shard's text. Its digest says who wrote it; throws for what is no JSON of this kind of shard. */
export function readShard<Kind extends ShardKind>(kind: Kind, text: string, intern: Intern): LoadedShards[Kind] {
  const body: unknown = JSON.parse(text);
  if (typeof body !== 'object' || body === null || Array.isArray(body) !== (kind === 'policies')) {
    throw new TypeError(`a shard of kind ${kind} is no ${typeof body}`);
  }
  return readers[kind](body as never, intern);
}

const readers: { [Kind in ShardKind]: (body: never, intern: Intern) => LoadedShards[Kind] } = {
  tenant: (body: TenantRecord) => body,
  roles: (body: RoleShard) => body,
  services: (body: ServiceShard) => body,
  policies: (body: PolicyShard) => createPolicyIndex(body),
  scopes(body: ScopeShard, intern) {
    const entries = Object.entries(body).map(([id, { type, parentId }]): [string, ScopeRecord] => [
      intern(id),
      { type, ...(parentId !== undefined && { parentId: intern(parentId) }) },
    ]);
    return new Map(entries);
  },
  principals({ users = {}, accounts = {}, teams = {} }: PrincipalShard, intern) {
    return {
      users: loadPrincipals(users, intern),
      accounts: loadPrincipals(accounts, intern),
      teams: new Map(
        Object.entries(teams).map(([id, { bindings }]) => [intern(id), { bindings: slim(bindings, intern) }]),
      ),
    };
  },
};

function loadPrincipals(records: Record<string, PrincipalRecord>, intern: Intern): Map<string, PrincipalRecord> {
  const loaded = new Map<string, PrincipalRecord>();
  for (const [id, { status, bindings, teamIds }] of Object.entries(records)) {
    loaded.set(id, {
      status,
      ...(bindings !== undefined && { bindings: slim(bindings, intern) }),
      ...(teamIds !== undefined && { teamIds: teamIds.map(intern) }),
    });
  }
  return loaded;
}

function slim(bindings: readonly BindingRecord[], intern: Intern): BindingRecord[] {
  return bindings.map((binding) => ({
    ...binding,
    roleId: intern(binding.roleId),
    scopeType: binding.scopeType,
    scopeId: intern(binding.scopeId),
    ...(binding.condition !== undefined && { condition: intern(binding.condition) }),
  }));
}
